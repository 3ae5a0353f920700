/**
 * Makes untrusted text safe for a terminal: control characters become visible text (`\x1b`,
 * `\u202e`).
 *
 * All text from an operation, a file name or a request is sanitized before it is printed. The
 * escapes are ASCII, because some terminals act on 8-bit controls. Idempotent.
 */

import { onlyColours } from "./sgr.js";

/**
 * C0, DEL, C1, lone surrogates, line separators, bidi controls, invisible format characters and
 * tags.
 */
const ACTIVE =
  /[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Surrogate}]/gu;

/** As `ACTIVE`, without the line feed. */
const ACTIVE_IN_LINE = new RegExp(ACTIVE.source.replace("-\\x1f", "-\\x09\\x0b-\\x1f"), "u");

const NAMED: Record<string, string> = { "\n": "\\n", "\r": "\\r" };

const TAB_STOP = 8;

export interface SanitizeOptions {
  /**
   * Keep line feeds. Default: a line feed becomes the two characters `\n`, so that the text stays
   * on one line.
   */
  newlines?: boolean;
  /** Characters before the text on its line, to find the tab stops. Default: 0. */
  column?: number;
}

const SGR = /(\x1b\[[\d;]+m)/;

/**
 * A log line of an operation for a terminal: its colours stay, all other control sequences are
 * dropped, and the rest is sanitized. A line that ends coloured ends with a reset.
 * `withoutSequences` removes the colours again.
 */
export function sanitizeLogLine(text: string): string {
  if (text.search(ACTIVE) === -1) return text;
  const pieces = onlyColours(text).split(SGR);
  if (pieces.length === 1) return sanitize(pieces[0]!);
  // Tab stops count the characters before them, without the colours.
  let line = "";
  let column = 0;
  for (const [index, piece] of pieces.entries()) {
    const visible = index % 2 === 1 ? piece : sanitize(piece, { column });
    if (index % 2 === 0) column += visible.length;
    line += visible;
  }
  return line;
}

/** Lines of a log, each as of `sanitizeLogLine`. */
export function sanitizeLogLines(text: string): string {
  return ACTIVE_IN_LINE.test(text) ? text.split("\n").map(sanitizeLogLine).join("\n") : text;
}

/**
 * Replaces all characters that a terminal acts on. A tab becomes spaces up to the next tab stop (8
 * columns).
 */
export function sanitize(text: string, options: SanitizeOptions = {}): string {
  if (text.search(ACTIVE) === -1) return text;
  // Growth of the text so far and start of the current line, to find the tab stops.
  let grown = options.column ?? 0;
  let lineStart = 0;
  return text.replace(ACTIVE, (match: string, offset: number) => {
    const column = offset + grown - lineStart;
    if (match === "\n" && options.newlines) {
      lineStart = offset + grown + 1;
      return match;
    }
    const visible = match === "\t" ? " ".repeat(TAB_STOP - (column % TAB_STOP)) : escaped(match);
    grown += visible.length - match.length;
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
