/**
 * Gives spans to the SDK of OpenTelemetry, which sends them to the collector in batches.
 *
 * A bounded number of spans waits. A collector that is away, slow or silent costs spans, which are counted, and nothing
 * else: no caller waits, and `stop` has a deadline.
 */
import { hostname } from "node:os";
import type {
  IdGenerator,
  ReadableSpan,
  Sampler,
  SpanExporter,
  SpanProcessor,
} from "@opentelemetry/sdk-trace";
import { atMost } from "../../../protocol/system/until.js";
import { VERSION } from "../../../protocol/version.js";
import type { Link, Span } from "./span-plan.js";
import type { TraceSettings } from "./trace-settings.js";

type Library = typeof import("./traces.js");
type Result = Parameters<Parameters<SpanExporter["export"]>[1]>[0];

/** Most characters of an attribute, such as the message of an error. */
const MOST_TEXT = 4096;

/** Batches that may be under way: at the stop, all that wait are sent at once. */
const MOST_REQUESTS = 8;

/** Milliseconds that the stop waits for the collector. */
const STOP_MS = 1000;

export interface ExportCounts {
  exported: number;
  /** By reason: too many waited, or the collector did not take them. */
  dropped: { full: number; refused: number };
}

export interface SpanExporterOptions {
  settings: TraceSettings;
  host: string | null;
  /** The collector stopped or began to take spans. @param problem null: it takes them */
  onChange(problem: string | null): void;
  /** The SDK reports something. */
  onReport(text: string): void;
}

export class Exporter {
  readonly counts: ExportCounts = { exported: 0, dropped: { full: 0, refused: 0 } };
  /** Why the last batch was not taken; null: it was. */
  problem: string | null = null;
  /** Spans that were not sent yet. */
  waiting = 0;
  readonly #ids = new GivenIds();
  readonly #provider: InstanceType<Library["TracerProvider"]>;
  readonly #sampler: Sampler;

  constructor(
    private readonly library: Library,
    private readonly options: SpanExporterOptions,
  ) {
    const { settings } = options;
    library.diag.setLogger(reporter(options.onReport), { logLevel: library.DiagLogLevel.WARN });
    this.#sampler = samplerOf(library, settings);
    const batches = new library.BatchSpanProcessor({
      exporter: this.#watched(
        new library.OTLPTraceExporter({
          url: settings.url,
          headers: settings.headers,
          concurrencyLimit: MOST_REQUESTS,
        }),
      ),
      maxQueueSize: settings.queue,
      maxExportBatchSize: settings.batch,
      scheduledDelayMillis: settings.delay,
    });
    this.#provider = new library.TracerProvider({
      resource: resourceOf(library, options.host ?? hostname()),
      idGenerator: this.#ids,
      sampler: this.#sampler,
      spanLimits: { attributeValueLengthLimit: MOST_TEXT },
      spanProcessors: [this.#bounded(batches)],
    });
  }

  isSampled(traceId: string): boolean {
    const { library } = this;
    const { INTERNAL } = library.SpanKind;
    const { decision } = this.#sampler.shouldSample(library.ROOT_CONTEXT, traceId, "", INTERNAL, {}, []);
    return decision === library.SamplingDecision.RECORD_AND_SAMPLED;
  }

  /** Takes a span of a trace that is sampled. */
  add(span: Span): void {
    const { trace, ROOT_CONTEXT, SpanStatusCode, TraceFlags } = this.library;
    const { traceId, parentId } = span;
    const parent =
      parentId === null
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: parentId, traceFlags: TraceFlags.SAMPLED });
    this.#ids.next = span;
    const made = this.#provider.getTracer("liveops", VERSION).startSpan(
      span.name,
      {
        startTime: new Date(span.from),
        attributes: defined({ ...span.attributes, "error.type": span.error?.code }),
        links: span.links.map(({ kind, to }: Link) => ({
          context: { ...to, traceFlags: TraceFlags.SAMPLED, isRemote: true },
          attributes: { "liveops.link.kind": kind },
        })),
      },
      parent,
    );
    const end = new Date(Math.max(Date.parse(span.to), Date.parse(span.from)));
    for (const { name, at } of span.events) made.addEvent(name, new Date(at));
    if (span.error) made.recordException(span.error, end);
    if (span.status === "ok") made.setStatus({ code: SpanStatusCode.OK });
    if (span.status === "error")
      made.setStatus({ code: SpanStatusCode.ERROR, message: span.error?.message.slice(0, MOST_TEXT) ?? "" });
    made.end(end);
  }

  /** Sends what waits. A collector that did not answer before gets no time. */
  async stop(): Promise<void> {
    const ended = this.#provider.shutdown().catch(() => {});
    if (this.problem !== null || this.waiting === 0) return;
    await atMost(STOP_MS, ended);
  }

  /** The SDK drops silently what does not fit; here it is counted. */
  #bounded(inner: SpanProcessor): SpanProcessor {
    return {
      onStart: () => {},
      onEnd: (span) => {
        if (this.waiting >= this.options.settings.queue) {
          this.counts.dropped.full++;
          return;
        }
        this.waiting++;
        inner.onEnd(span);
      },
      forceFlush: () => inner.forceFlush(),
      shutdown: () => inner.shutdown(),
    };
  }

  #watched(inner: SpanExporter): SpanExporter {
    return {
      export: (spans, done) =>
        inner.export(spans, (result) => {
          this.#sent(spans, result);
          done(result);
        }),
      shutdown: () => inner.shutdown(),
      ...(inner.forceFlush && { forceFlush: () => inner.forceFlush!() }),
    };
  }

  #sent({ length }: ReadableSpan[], { code, error }: Result): void {
    this.waiting -= length;
    const isTaken = code === 0;
    if (isTaken) this.counts.exported += length;
    else this.counts.dropped.refused += length;
    const problem = isTaken ? null : (error?.message ?? "the collector did not take the spans");
    const hasChanged = (problem === null) !== (this.problem === null);
    this.problem = problem;
    if (hasChanged) this.options.onChange(problem);
  }
}

/** The ids of the span that the SDK makes next. */
class GivenIds implements IdGenerator {
  next: Pick<Span, "traceId" | "spanId"> = { traceId: "", spanId: "" };
  generateTraceId = () => this.next.traceId;
  generateSpanId = () => this.next.spanId;
}

function samplerOf(library: Library, { sampler: { kind, ratio } }: TraceSettings): Sampler {
  if (kind === "on") return new library.AlwaysOnSampler();
  return kind === "off" ? new library.AlwaysOffSampler() : new library.TraceIdRatioBasedSampler(ratio);
}

function resourceOf(library: Library, host: string) {
  const ours = library.resourceFromAttributes({
    "service.name": "liveops",
    "service.version": VERSION,
    "service.instance.id": host,
    "host.name": host,
  });
  const { resourceAttributesEnvDetector, serviceNameEnvDetector } = library;
  const detected = library.detectResources({
    detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector],
  });
  return library.defaultResource().merge(ours).merge(detected);
}

function reporter(report: (text: string) => void) {
  const say = (text: string, ...more: unknown[]) => report([text, ...more.map(String)].join(" "));
  return { error: say, warn: say, info: () => {}, debug: () => {}, verbose: () => {} };
}

function defined<V>(values: Record<string, V | undefined>): Record<string, V> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Record<
    string,
    V
  >;
}
