/** Reads the text format of Prometheus, and refuses what `promtool check metrics` refuses. */
import { get } from "node:http";

export interface Family {
  kind: string;
  help: string;
  samples: Sample[];
}

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Scraped {
  type: string;
  families: Map<string, Family>;
  /** The value of the only series with these labels; null where there is none. */
  value(name: string, labels?: Record<string, string>): number | null;
}

/** @param from - path of a socket, or address and port */
export async function scrape(from: string): Promise<Scraped> {
  const place = from.startsWith("/") ? { socketPath: from } : new URL(`http://${from}`);
  const options = place instanceof URL ? { host: place.hostname, port: place.port } : place;
  const { type, text, status } = await new Promise<{ type: string; text: string; status: number }>(
    (resolve, reject) => {
      const request = get({ ...options, path: "/metrics", agent: false }, (reply) => {
        let text = "";
        reply.setEncoding("utf8").on("data", (piece: string) => {
          text += piece;
        });
        reply.on("end", () =>
          resolve({ type: String(reply.headers["content-type"]), text, status: reply.statusCode! }),
        );
      });
      request.on("error", reject);
    },
  );
  if (status !== 200) throw new Error(`${status}: ${text}`);
  const families = readMetrics(text);
  return { type, families, value: (name, labels) => seriesOf(families, name, labels ?? {}) };
}

function seriesOf(
  families: Map<string, Family>,
  name: string,
  labels: Record<string, string>,
): number | null {
  const fitting = [...families.values()]
    .flatMap(({ samples }) => samples)
    .filter((sample) => sample.name === name)
    .filter((sample) =>
      Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    );
  if (fitting.length > 1) throw new Error(`${name} has ${fitting.length} series with these labels`);
  return fitting[0]?.value ?? null;
}

/** @throws Error where the text is not valid */
export function readMetrics(text: string): Map<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [, word, name = "", rest = ""] = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line) ?? [];
    if (word === "HELP") {
      if (families.has(name)) throw new Error(`${name} is there twice`);
      families.set(name, { kind: "", help: rest, samples: [] });
    } else if (word === "TYPE") {
      const family = families.get(name);
      if (!family || family.samples.length > 0)
        throw new Error(`the type of ${name} comes too late`);
      family.kind = rest;
    } else {
      const sample = readSample(line);
      const key = line.slice(0, line.lastIndexOf(" "));
      if (seen.has(key)) throw new Error(`${key} is there twice`);
      seen.add(key);
      // The samples of a metric come directly after its type.
      const [of, family] = [...families].at(-1)!;
      const base =
        family.kind === "histogram" ? sample.name.replace(/_(bucket|sum|count)$/, "") : sample.name;
      if (base !== of) throw new Error(`${line}: the metric before is ${of}`);
      family.samples.push(sample);
    }
  }
  for (const [name, family] of families) checkFamily(name, family);
  return families;
}

function readSample(line: string): Sample {
  const [, name, inside = "", value = ""] =
    /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? ([+-]?(?:Inf|NaN|[\d.e+-]+))$/.exec(line) ?? [];
  if (name === undefined) throw new Error(`not a sample: ${line}`);
  const labels: Record<string, string> = {};
  const left = inside.replace(
    /([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/g,
    (_, key: string, text: string) => {
      labels[key] = text.replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c));
      return "";
    },
  );
  if (left !== "") throw new Error(`not labels: ${line}`);
  return { name, labels, value: Number(value.replace("Inf", "Infinity")) };
}

function checkFamily(name: string, { kind, samples }: Family): void {
  if (!["counter", "gauge", "histogram"].includes(kind)) throw new Error(`${name} is a ${kind}`);
  if ((kind === "counter") !== name.endsWith("_total")) throw new Error(`${name} is a ${kind}`);
  if (/_(ms|milliseconds|minutes|kb|mb|percent)(_|$)/.test(name))
    throw new Error(`${name} has no base unit`);
  if (samples.some(({ value }) => Number.isNaN(value) || (kind !== "gauge" && value < 0)))
    throw new Error(`${name} has a value that cannot be`);
  if (kind === "histogram") checkHistogram(name, samples);
}

/** The buckets of each series grow, and the last one has the count. */
function checkHistogram(name: string, samples: Sample[]): void {
  const keyOf = ({ labels: { le: _, ...labels } }: Sample) =>
    JSON.stringify(Object.entries(labels).sort());
  for (const series of Map.groupBy(samples, keyOf).values()) {
    const buckets = series.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => Number(labels.le!.replace("+Inf", "Infinity")));
    const isSorted = (values: number[]) =>
      values.every((value, i) => i === 0 || value >= values[i - 1]!);
    if (!isSorted(bounds) || !isSorted(buckets.map(({ value }) => value)))
      throw new Error(`the buckets of ${name} do not grow`);
    const count = series.find((sample) => sample.name === `${name}_count`)?.value;
    const sum = series.find((sample) => sample.name === `${name}_sum`)?.value;
    if (
      bounds.at(-1) !== Number.POSITIVE_INFINITY ||
      buckets.at(-1)!.value !== count ||
      sum === undefined
    )
      throw new Error(`${name} has no count or no sum`);
  }
}
