/** The metrics of `definitions.ts` as objects of prom-client. */
import type { Counter, Gauge, Histogram, Registry } from "prom-client";
import { type Labels, METRICS, type MetricName, type NameOf, OTHER } from "./definitions.js";

type Library = typeof import("./prometheus.js");

/** Adds to the value of a gauge: values with equal labels are summed. */
export type Put = <N extends NameOf<"gauge">>(name: N, labels: Labels<N>, value: number) => void;

export class MetricRegistry {
  readonly #registry: Registry;
  readonly #counters = new Map<MetricName, Counter | Gauge>();
  readonly #histograms = new Map<MetricName, Histogram>();

  constructor(library: Library) {
    this.#registry = new library.Registry();
    const registers = [this.#registry];
    for (const [key, definition] of Object.entries(METRICS)) {
      const name = key as MetricName;
      const { help, labels, kind } = definition;
      const options = { name, help, labelNames: [...labels], registers };
      if (kind === "histogram")
        this.#histograms.set(
          name,
          new library.Histogram({ ...options, buckets: [...definition.buckets] }),
        );
      else this.#counters.set(name, new library[kind === "gauge" ? "Gauge" : "Counter"](options));
    }
  }

  count<N extends NameOf<"counter">>(name: N, labels: Labels<N>): void {
    this.#counters.get(name)!.inc(labels);
  }

  observe<N extends NameOf<"histogram">>(name: N, labels: Labels<N>, seconds: number): void {
    this.#histograms.get(name)!.observe(labels, Math.max(0, seconds));
  }

  /**
   * Replaces all values of the gauges, then writes all metrics in the text format of Prometheus.
   */
  text(sample: (put: Put) => void): Promise<string> {
    for (const [name, metric] of this.#counters) if (METRICS[name].kind === "gauge") metric.reset();
    sample((name, labels, value) => this.#counters.get(name)!.inc(labels, value));
    return this.#registry.metrics();
  }
}

/**
 * Bounds the different values of a label: each value is a series of its own that the daemon keeps.
 */
export class LabelBound {
  readonly #known = new Set<string>();

  constructor(private readonly most: number) {}

  /** @param key - what is counted, where that is not the value alone */
  of(value: string, key = value): string {
    if (this.#known.has(key)) return value;
    if (this.#known.size >= this.most) return OTHER;
    this.#known.add(key);
    return value;
  }
}
