/** JSON for stdout: one line, with terminal control characters escaped. The value is unchanged. */
const ACTIVE =
  /[\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g;

/** JSON.stringify escapes C0 and lone surrogates; `jsonLine` escapes the rest as `\uXXXX`. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(ACTIVE, (character) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}
