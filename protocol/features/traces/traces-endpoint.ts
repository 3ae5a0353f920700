/** The collector of `--traces` and of the setting `traces`. */

/** The word that takes the collector from the standard variables `OTEL_EXPORTER_OTLP_…`. */
export const FROM_ENVIRONMENT = "env";

/** The form of a collector, for messages. */
export const TRACES_ENDPOINT =
  "an http or https URL without user, password and query, such as http://127.0.0.1:4318, or env";

/** Path of OTLP/HTTP below the base of a collector. */
export const TRACES_PATH = "/v1/traces";

/**
 * The whole URL of a collector, with `/v1/traces` where the URL has no path. Null where the text is not valid: the URL
 * is shown to others, so it must hold no secret.
 */
export function parseTracesUrl(text: string): string | null {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  const { username, password, search, hash, pathname } = url;
  if (username !== "" || password !== "" || search !== "" || hash !== "") return null;
  if (pathname === "/") url.pathname = TRACES_PATH;
  return url.href;
}

/** As `parseTracesUrl`; the word `env` stays. */
export function parseTraces(text: string): string | null {
  return text === FROM_ENVIRONMENT ? text : parseTracesUrl(text);
}
