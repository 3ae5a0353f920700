/**
 * Text measured in terminal columns: cut, padded and wrapped without ever being wider than asked for.
 *
 * What goes on the screen passes `tame` first, so that every terminal agrees with us about its width.
 */
import stringWidth from "string-width";
import { neutralise } from "../../terminal/neutralise.js";

/** Joiners, variation selectors and skin tones: terminals disagree about the width of what they join. */
const DISPUTED = /\u200c|\u200d|[\ufe00-\ufe0f]|[\u{1f3fb}-\u{1f3ff}]/gu;
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Untrusted text as one line: nothing a terminal acts on, nothing whose width is in dispute. */
export function tame(text: string): string {
  return PRINTABLE_ASCII.test(text) ? text : neutralise(text).replace(DISPUTED, "");
}

export function widthOf(text: string): number {
  return PRINTABLE_ASCII.test(text) ? text.length : stringWidth(text);
}

/** The text itself where it fits, else cut to the width with `…` at its end. */
export function fit(text: string, width: number): string {
  if (width <= 0) return "";
  // A long line is not measured to its end: 4 units a column is more than any one grapheme on average needs.
  const head = text.length > width * 4 + 64 ? text.slice(0, width * 4 + 64) : text;
  if (head === text && widthOf(text) <= width) return text;
  return `${take(head, width - 1)}…`;
}

/** Fitted, then filled with spaces to exactly the width. */
export function pad(text: string, width: number): string {
  const fitted = fit(text, width);
  return fitted + " ".repeat(Math.max(0, width - widthOf(fitted)));
}

/** Fitted, and pushed to the right edge of the width. */
export function padLeft(text: string, width: number): string {
  const fitted = fit(text, width);
  return " ".repeat(Math.max(0, width - widthOf(fitted))) + fitted;
}

/** Broken at spaces where there are any, at most `rows` rows, the last one cut with `…`. */
export function wrap(text: string, width: number, rows: number): string[] {
  if (width <= 0 || rows <= 0) return [];
  const lines: string[] = [];
  let rest = text.trim();
  while (rest !== "" && lines.length < rows - 1 && widthOf(rest) > width) {
    const head = take(rest, width);
    const space = head.lastIndexOf(" ");
    const cut = rest[head.length] === " " || space < width / 2 ? head.length : space;
    lines.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut).trimStart();
  }
  if (rest !== "") lines.push(fit(rest, width));
  return lines;
}

/** As many whole characters from the start as fit. */
function take(text: string, width: number): string {
  if (PRINTABLE_ASCII.test(text)) return text.slice(0, Math.max(0, width));
  let used = 0;
  let taken = "";
  for (const { segment } of graphemes.segment(text)) {
    used += stringWidth(segment);
    if (used > width) break;
    taken += segment;
  }
  // A character wider than the whole width still has to be passed, or wrapping would not end.
  return taken === "" && width > 0 ? "" : taken;
}
