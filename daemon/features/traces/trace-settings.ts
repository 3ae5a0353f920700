/**
 * Where the daemon sends its traces: from `--traces`, the setting `traces`, and the standard variables of OpenTelemetry.
 *
 * The variables alone turn nothing on: a developer's shell often has them for another program, and the daemon would send
 * the names of types, stages and labels where nobody asked for them.
 */
import { UsageError } from "../../../protocol/failures.js";
import { parseTracesUrl, type TracesConfig } from "../../../protocol/features/traces/setting.js";

type Env = Record<string, string | undefined>;

export interface TraceSettings {
  /** Whole URL of OTLP/HTTP. */
  url: string;
  /** Besides those of `OTEL_EXPORTER_OTLP_HEADERS`. */
  headers: Record<string, string>;
  /** Part of the traces that are sent, from 0 to 1. */
  ratio: number;
  /** Milliseconds for which spans are collected. */
  delay: number;
  /** Most spans that wait. */
  queue: number;
  /** Most spans in a request. */
  batch: number;
}

/**
 * Null: no traces.
 *
 * @param flag `--traces`; `none` turns traces off
 * @throws UsageError where a variable that is needed is missing or not valid
 */
export function traceSettingsFrom(
  flag: string | undefined,
  config: TracesConfig | undefined,
  env: Env,
): TraceSettings | null {
  const chosen = flag ?? config?.url;
  const isDisabled = env.OTEL_SDK_DISABLED?.trim().toLowerCase() === "true";
  if (chosen === undefined || chosen === "none" || isDisabled) return null;
  if (env.OTEL_TRACES_EXPORTER?.trim() === "none") return null;
  const queue = numberFrom(env, "OTEL_BSP_MAX_QUEUE_SIZE", 2048);
  return {
    url: chosen === "env" ? urlFrom(env) : chosen,
    // The headers of the config file are for its collector.
    headers: flag === undefined ? headersFrom(config?.headers ?? {}, env) : {},
    ratio: ratioFrom(env),
    delay: numberFrom(env, "OTEL_BSP_SCHEDULE_DELAY", 1000),
    queue,
    batch: Math.min(queue, numberFrom(env, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512)),
  };
}

function urlFrom(env: Env): string {
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || "http/json";
  if (!protocol.startsWith("http/"))
    throw new UsageError(
      `OTEL_EXPORTER_OTLP_PROTOCOL is ${JSON.stringify(protocol)}, and liveopsd sends traces by HTTP only`,
      "give the collector's URL for HTTP, whose port is usually 4318: --traces http://127.0.0.1:4318",
    );
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: exact, OTEL_EXPORTER_OTLP_ENDPOINT: base } = env;
  // The variable for traces is a whole URL; the other one is the base of all signals.
  const url = parseTracesUrl(exact || `${(base || "http://localhost:4318").replace(/\/+$/, "")}/v1/traces`);
  if (url !== null) return url;
  throw new UsageError(
    `OTEL_EXPORTER_OTLP_${exact ? "TRACES_" : ""}ENDPOINT is not an http or https URL without user, password and query`,
    "give one such as http://127.0.0.1:4318; secrets belong in OTEL_EXPORTER_OTLP_HEADERS",
  );
}

/** The values of the headers are secrets, so the config file has only the names of variables. */
function headersFrom(names: Readonly<Record<string, string>>, env: Env): Record<string, string> {
  const values = Object.entries(names).map(([header, variable]): [string, string] => {
    const value = env[variable];
    if (value !== undefined) return [header, value];
    throw new UsageError(
      `traces.headers takes ${header} from the variable ${variable}, which the daemon's environment does not have`,
      `set ${variable} where liveopsd is started`,
    );
  });
  return Object.fromEntries(values);
}

/** Ids of traces are made from the ids of operations, so each operation has a root span and all its spans agree. */
function ratioFrom(env: Env): number {
  const name = (env.OTEL_TRACES_SAMPLER || "always_on").replace(/^parentbased_/, "");
  if (name === "always_on") return 1;
  if (name === "always_off") return 0;
  const ratio = Number(env.OTEL_TRACES_SAMPLER_ARG || 1);
  if (name === "traceidratio" && ratio >= 0 && ratio <= 1) return ratio;
  throw new UsageError(
    `OTEL_TRACES_SAMPLER=${env.OTEL_TRACES_SAMPLER} with OTEL_TRACES_SAMPLER_ARG=${env.OTEL_TRACES_SAMPLER_ARG ?? ""} is not a sampler of liveopsd`,
    "choose always_on, always_off or traceidratio with a number from 0 to 1, also with parentbased_ before",
  );
}

function numberFrom(env: Env, name: string, otherwise: number): number {
  const text = env[name];
  if (!text) return otherwise;
  const n = Number(text);
  if (Number.isInteger(n) && n >= 1 && n <= 1_000_000) return n;
  throw new UsageError(
    `${name} is ${JSON.stringify(text)}`,
    "give a whole number from 1 to 1000000, or unset it",
  );
}
