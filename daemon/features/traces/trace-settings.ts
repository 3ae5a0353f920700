/**
 * Where the daemon sends its traces: from `--traces`, the setting `traces`, and the standard variables of OpenTelemetry.
 *
 * The variables alone turn nothing on: a developer's shell often has them for another program, and the daemon would send
 * the names of types, stages and labels where nobody asked for them.
 */

import { UsageError } from "../../../protocol/failures.js";
import type { TracesConfig } from "../../../protocol/features/traces/setting.js";
import {
  FROM_ENVIRONMENT,
  parseTracesUrl,
  TRACES_PATH,
} from "../../../protocol/features/traces/traces-endpoint.js";

type Env = Record<string, string | undefined>;

export interface TraceSettings {
  /** Whole URL of OTLP/HTTP. */
  url: string;
  /** Besides those of `OTEL_EXPORTER_OTLP_HEADERS`. */
  headers: Record<string, string>;
  sampler: SamplerSetting;
  /** Milliseconds for which spans are collected. */
  delay: number;
  /** Most spans that wait. */
  queue: number;
  /** Most spans in a request. */
  batch: number;
}

export interface SamplerSetting {
  kind: "on" | "off" | "ratio";
  /** Part of the traces, for `ratio`. */
  ratio: number;
}

const DEFAULT_BASE = "http://localhost:4318";

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
  if (chosen === undefined || chosen === "none" || isDisabled(env)) return null;
  const url = chosen === FROM_ENVIRONMENT ? urlFrom(env) : chosen;
  const queue = numberFrom(env, "OTEL_BSP_MAX_QUEUE_SIZE", 2048);
  return {
    url,
    // The headers of the config file are for its collector.
    headers: flag === undefined ? headersFrom(config?.headers ?? {}, env) : {},
    sampler: samplerFrom(env),
    delay: numberFrom(env, "OTEL_BSP_SCHEDULE_DELAY", 1000),
    queue,
    batch: Math.min(queue, numberFrom(env, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512)),
  };
}

function isDisabled(env: Env): boolean {
  return (
    env.OTEL_SDK_DISABLED?.trim().toLowerCase() === "true" || env.OTEL_TRACES_EXPORTER?.trim() === "none"
  );
}

function urlFrom(env: Env): string {
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || "http/json";
  if (!protocol.startsWith("http/"))
    throw new UsageError(
      `OTEL_EXPORTER_OTLP_PROTOCOL is ${JSON.stringify(protocol)}, and liveopsd sends traces by HTTP only`,
      "give the collector's URL for HTTP, whose port is usually 4318: --traces http://127.0.0.1:4318",
    );
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: exact, OTEL_EXPORTER_OTLP_ENDPOINT: base = "" } = env;
  const name = exact ? "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" : "OTEL_EXPORTER_OTLP_ENDPOINT";
  // The variable for traces is a whole URL; the other one is the base of all signals.
  const text = exact || `${(base || DEFAULT_BASE).replace(/\/+$/, "")}${TRACES_PATH}`;
  const url = parseTracesUrl(text);
  if (url === null)
    throw new UsageError(
      `${name} is not an http or https URL without user, password and query`,
      "give one such as http://127.0.0.1:4318; secrets belong in OTEL_EXPORTER_OTLP_HEADERS",
    );
  return url;
}

/** The values of the headers are secrets, so the config file has only the names of variables. */
function headersFrom(names: Readonly<Record<string, string>>, env: Env): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [header, variable] of Object.entries(names)) {
    const value = env[variable];
    if (value === undefined)
      throw new UsageError(
        `traces.headers takes ${header} from the variable ${variable}, which the daemon's environment does not have`,
        `set ${variable} where liveopsd is started`,
      );
    headers[header] = value;
  }
  return headers;
}

/** Ids of traces are made from the ids of operations, so each operation has a root span and all its spans agree. */
function samplerFrom(env: Env): SamplerSetting {
  const name = (env.OTEL_TRACES_SAMPLER || "parentbased_always_on").replace(/^parentbased_/, "");
  if (name === "always_on") return { kind: "on", ratio: 1 };
  if (name === "always_off") return { kind: "off", ratio: 0 };
  const ratio = Number(env.OTEL_TRACES_SAMPLER_ARG || 1);
  if (name !== "traceidratio" || !(ratio >= 0 && ratio <= 1))
    throw new UsageError(
      `OTEL_TRACES_SAMPLER=${env.OTEL_TRACES_SAMPLER} with OTEL_TRACES_SAMPLER_ARG=${env.OTEL_TRACES_SAMPLER_ARG ?? ""} is not a sampler of liveopsd`,
      "choose always_on, always_off or traceidratio with a number from 0 to 1, also with parentbased_ before",
    );
  return { kind: "ratio", ratio };
}

function numberFrom(env: Env, name: string, otherwise: number): number {
  const text = env[name];
  if (!text) return otherwise;
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1 || n > 1_000_000)
    throw new UsageError(
      `${name} is ${JSON.stringify(text)}`,
      "give a whole number from 1 to 1000000, or unset it",
    );
  return n;
}
