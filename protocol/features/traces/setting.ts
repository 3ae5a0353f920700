/** The setting `traces`, whose URL is also that of `--traces`. */
import type { Setting } from "../../system/setting.js";

/** The form of a collector, for messages. `env` takes it from the standard variables `OTEL_EXPORTER_OTLP_…`. */
export const TRACES_ENDPOINT =
  "an http or https URL without user, password and query, such as http://127.0.0.1:4318, or env";

/**
 * The whole URL of a collector, with `/v1/traces` where the URL has no path. Null where the text is not valid: the URL
 * is shown to others, so it must hold no secret.
 */
export function parseTracesUrl(text: string): string | null {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  if ([url.username, url.password, url.search, url.hash].some((part) => part !== "")) return null;
  if (url.pathname === "/") url.pathname = "/v1/traces";
  return url.href;
}

/** As `parseTracesUrl`; the word `env` stays. */
export function parseTraces(text: string): string | null {
  return text === "env" ? text : parseTracesUrl(text);
}

const TRACES_URL_SCHEMA = {
  type: "string",
  pattern: "^(env|https?://[^@?#]+)$",
  check: (url: string) => (parseTraces(url) === null ? `must be ${TRACES_ENDPOINT}` : null),
  expected: TRACES_ENDPOINT,
} as const;

/** The collector of the daemon's traces. */
export interface TracesConfig {
  url: string;
  /** Names of environment variables, by header. */
  headers?: Record<string, string> | undefined;
}

export const traces = {
  description:
    'Collector of OpenTelemetry traces: an OTLP/HTTP URL such as `"http://127.0.0.1:4318"`, `"env"`, or an object with `url` and `headers`; see [traces](operating.md#traces)',
  defaultText: "none: no traces",
  reload: "restart",
  schema: {
    anyOf: [
      TRACES_URL_SCHEMA,
      {
        type: "object",
        properties: {
          url: TRACES_URL_SCHEMA,
          headers: {
            type: "object",
            additionalProperties: {
              type: "string",
              pattern: "^[A-Za-z_][A-Za-z0-9_]*$",
              expected: "the name of an environment variable that has the value, such as TRACES_TOKEN",
            },
          },
        },
        required: ["url"],
        additionalProperties: false,
      },
    ],
    expected: TRACES_ENDPOINT,
  },
  // The URL alone is short for an object with the URL.
  whole: (given: string | TracesConfig): TracesConfig => {
    const { url, headers } = typeof given === "string" ? { url: given, headers: undefined } : given;
    return { url: parseTraces(url)!, headers };
  },
} as const satisfies Setting;
