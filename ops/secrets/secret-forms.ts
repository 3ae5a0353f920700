/**
 * The forms in which programs print a secret, as value encoders of CI servers have them: as it is,
 * in JSON, quoted for a shell or a language, in XML, in a URL, and in base64.
 */

/** A shorter text would match in too many places. */
export const SHORTEST_SECRET = 4;

/** Shorter base64 may be a word. Secrets of 7 bytes and more have no shorter one. */
const SHORTEST_BASE64 = 8;

/** Columns after which `base64` and `openssl base64` begin a new line. */
const BASE64_COLUMNS = [76, 64];

/** All forms of the text, and of each of its lines; none if it has no line that is long enough. */
export function formsOf(secret: string): string[] {
  const whole = [secret, secret.trim(), secret.replace(/^"(.*)"$/s, "$1")];
  const lines = secret.split(/\r?\n/).flatMap((line) => [line, line.trim()]);
  const parts = [...new Set([...whole, ...lines])].filter(
    (part) => part.trim().length >= SHORTEST_SECRET,
  );
  const escaped = parts.flatMap((part) => [part, ...ESCAPES.map((change) => change(part))]);
  const encoded = whole.flatMap(base64).filter((form) => form.length >= SHORTEST_BASE64);
  return parts.length === 0 ? [] : [...new Set([...escaped, ...encoded])];
}

const ESCAPES: ReadonlyArray<(text: string) => string> = [
  json,
  // Go and Rails, Python.
  (text) => json(text).replace(/[<>&\u2028\u2029]/g, unicode),
  (text) => json(text).replace(/[^\x20-\x7e]/g, unicode),
  // A text of JavaScript or Python, and $'…' of a shell.
  controls,
  (text) => controls(text).replaceAll("'", "\\'"),
  (text) =>
    controls(text)
      .replaceAll("'", "\\'")
      .replace(/[^\x20-\x7e]+/g, octal),
  // '…' of set -x, of shlex.quote, and of SQL and YAML.
  (text) => text.replaceAll("'", "'\\''"),
  (text) => text.replaceAll("'", `'"'"'`),
  (text) => text.replaceAll("'", "''"),
  // "…" of programs and of shells, and printf %q.
  (text) => text.replaceAll('"', '\\"'),
  (text) => text.replace(/[\\"$`]/g, "\\$&"),
  (text) => text.replace(/[\t !"$&'()*,;<>?[\\\]^`{|}]|^[#~]/g, "\\$&"),
  // XML and HTML.
  (text) => xml(text, ["&lt;", "&gt;"]),
  (text) => xml(text, ["&lt;", "&gt;", "&quot;", "&apos;"]),
  (text) => xml(text, ["&lt;", "&gt;", "&quot;", "&#39;"]),
  (text) => xml(text, ["&lt;", "&gt;", "&#34;", "&#39;"]),
  // A part of a URL, a path, and a form.
  uri,
  strictUri,
  (text) => strictUri(text).replaceAll("%2F", "/"),
  (text) => strictUri(text).replaceAll("%20", "+"),
  (text) => strictUri(text).replaceAll("%20", "+").replaceAll("~", "%7E"),
];

function json(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function unicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function controls(text: string): string {
  const names: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  return text.replace(/[\\\n\r\t]/g, (character) => names[character]!);
}

function octal(text: string): string {
  return [...Buffer.from(text)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}

/** @param names - of `<`, `>`, `"` and `'`; without a name the character stays */
function xml(text: string, names: readonly string[]): string {
  return text
    .replaceAll("&", "&amp;")
    .replace(/[<>"']/g, (found) => names[`<>"'`.indexOf(found)] ?? found);
}

function uri(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function strictUri(text: string): string {
  return uri(text).replace(
    /[!'()*]/g,
    (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * The text in base64 wherever it stands: after 0, 1 or 2 other bytes of a group of 3. Before other
 * bytes without the character that also holds bits of them; as the end of all bytes, or before a
 * last newline, with the rest and its padding. Also in the alphabet of URLs, and in lines.
 */
function base64(text: string): string[] {
  const { length } = Buffer.from(text);
  const encoded = ["", "\n"].flatMap((end) =>
    [0, 1, 2].flatMap((shift) => {
      const whole = Buffer.from(" ".repeat(shift) + text + end).toString("base64");
      const from = Math.ceil((shift * 8) / 6);
      const part = whole.slice(from, Math.floor(((shift + length) * 8) / 6));
      return part.length < SHORTEST_BASE64 ? [] : [part, whole.slice(from)];
    }),
  );
  const [, alone = ""] = encoded;
  const lines = BASE64_COLUMNS.flatMap(
    (columns) => alone.match(new RegExp(`.{1,${columns}}`, "g")) ?? [],
  );
  const all = [...encoded, ...lines];
  return [
    ...all,
    ...all.map((each) => each.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")),
  ];
}
