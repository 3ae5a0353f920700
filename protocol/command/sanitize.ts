/**
 * Makes untrusted text harmless to a terminal: what it would act on becomes visible text (`\x1b`, `\u202e`).
 *
 * Everything that came from an operation, a file name or a request passes here before it is printed. Escapes are
 * ASCII, so that not even a terminal that reads 8-bit controls finds one in them. Idempotent.
 */

/** C0, DEL, C1, lone surrogates, line separators, bidi controls, invisible format characters and tags. */
const ACTIVE =
  /[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Surrogate}]/gu;

const NAMED: Record<string, string> = { "\n": "\\n", "\r": "\\r" };

const TAB_STOP = 8;

export interface SanitizeOptions {
  /** Keep `\n` as it is; by default it becomes `\n` in letters, so that the text stays one line. */
  newlines?: boolean;
}

/** The text with nothing in it that a terminal acts on; tabs become spaces up to the next eighth column. */
export function sanitize(text: string, options: SanitizeOptions = {}): string {
  if (text.search(ACTIVE) === -1) return text;
  // How much longer the text before the current place became, and where its line began, to find the tab stops.
  let grown = 0;
  let lineStart = 0;
  return text.replace(ACTIVE, (found: string, offset: number) => {
    const column = offset + grown - lineStart;
    if (found === "\n" && options.newlines) {
      lineStart = offset + grown + 1;
      return found;
    }
    const visible = found === "\t" ? " ".repeat(TAB_STOP - (column % TAB_STOP)) : escaped(found);
    grown += visible.length - found.length;
    return visible;
  });
}

function escaped(character: string): string {
  const named = NAMED[character];
  if (named) return named;
  const hex = character.codePointAt(0)!.toString(16);
  if (hex.length <= 2) return `\\x${hex.padStart(2, "0")}`;
  return hex.length <= 4 ? `\\u${hex.padStart(4, "0")}` : `\\u{${hex}}`;
}
