/** The setting `traces`. */
import type { Setting } from "../../system/setting.js";
import { parseTraces, TRACES_ENDPOINT } from "./traces-endpoint.js";

const TRACES_URL_SCHEMA = {
  type: "string",
  pattern: "^(env|https?://[^@?#]+)$",
  check: (url: string) => (parseTraces(url) === null ? `must be ${TRACES_ENDPOINT}` : null),
  expected: TRACES_ENDPOINT,
} as const;
/** Name of an environment variable. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The collector of the daemon's traces. */
export interface TracesConfig {
  url: string;
  headers?: Record<string, string> | undefined;
}

export const traces = {
  description:
    'Collector of OpenTelemetry traces: an OTLP/HTTP URL such as `"http://127.0.0.1:4318"`, `"env"`, or an object with `url` and `headers`; see [traces](traces.md)',
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
              pattern: VARIABLE.source,
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
