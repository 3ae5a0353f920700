/**
 * Text for the screen: made harmless, then cut, padded and wrapped in terminal columns.
 *
 * Untrusted text passes `sanitizeLine` first, so that every terminal agrees with us about its
 * width.
 */
import { sanitize } from "../../../protocol/text/sanitize.js";
import { columnsOf, cut } from "../../kit/output/width.js";

/**
 * Joiners, variation selectors and skin tones: terminals disagree about the width of what they
 * join.
 */
const DISPUTED = /\u200c|\u200d|[\ufe00-\ufe0f]|[\u{1f3fb}-\u{1f3ff}]/gu;
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** Untrusted text as one line: nothing a terminal acts on, nothing whose width is in dispute. */
export function sanitizeLine(text: string): string {
  return PRINTABLE_ASCII.test(text) ? text : sanitize(text).replace(DISPUTED, "");
}

/**
 * Widths of what is not ASCII, since measuring it costs microseconds and the same titles come ten
 * times a second.
 */
const measured = new Map<string, number>();
const MEASURED_MOST = 2000;

export function widthOf(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
  const known = measured.get(text);
  if (known !== undefined) return known;
  const width = columnsOf(text);
  if (measured.size >= MEASURED_MOST) measured.clear();
  measured.set(text, width);
  return width;
}

/** The text itself where it fits, else cut to the width with `…` at its end. */
export function fit(text: string, width: number): string {
  if (width <= 0) return "";
  if (PRINTABLE_ASCII.test(text))
    return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
  if (text.length <= width * 2 && widthOf(text) <= width) return text;
  // A very long line is not measured to its end.
  return cut(text.length > width * 8 + 64 ? text.slice(0, width * 8 + 64) : text, width);
}

/** Fitted so that no other name is cut to the same text: at its end, else at its start. */
export function fitName(name: string, width: number, names: readonly string[]): string {
  const fitted = fit(name, width);
  if (fitted === name || !names.some((other) => other !== name && fit(other, width) === fitted))
    return fitted;
  // The end may be wider than it is long.
  return fit(`…${name.slice(1 - width)}`, width);
}

/** Broken at spaces where there are any, at most `rows` rows, the last one cut with `…`. */
export function wrap(text: string, width: number, rows: number): string[] {
  if (width <= 0 || rows <= 0) return [];
  const lines: string[] = [];
  let rest = text.trim();
  while (rest !== "" && lines.length < rows - 1 && widthOf(rest) > width) {
    // What `fit` keeps of one column more, without its `…`, is what fits whole.
    const head = fit(rest, width + 1).slice(0, -1);
    if (head === "") break;
    const space = head.lastIndexOf(" ");
    const end = rest[head.length] === " " || space < width / 2 ? head.length : space;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  if (rest !== "") lines.push(fit(rest, width));
  return lines;
}

const segmenter = new Intl.Segmenter();

/** Broken exactly at the width, nothing trimmed; at most `rows` rows, the last one cut with `…`. */
export function hardWrap(text: string, width: number, rows: number): string[] {
  if (width <= 0 || rows <= 0) return [];
  const lines: string[] = [];
  let rest = text;
  while (lines.length < rows - 1) {
    const head = headOf(rest, width);
    if (head.length === rest.length) break;
    // What is wider than the whole row can't be placed at all.
    if (head === "") return [...lines, fit(rest, width)];
    lines.push(head);
    rest = rest.slice(head.length);
  }
  lines.push(fit(rest, width));
  return lines;
}

/** As much of the beginning as fits, in whole characters. */
function headOf(text: string, width: number): string {
  if (PRINTABLE_ASCII.test(text.slice(0, width + 1))) return text.slice(0, width);
  let used = 0;
  let end = 0;
  // A character is at most a few units, so that a very long line is not segmented to its end.
  for (const { segment, index } of segmenter.segment(text.slice(0, width * 8 + 64))) {
    used += widthOf(segment);
    if (used > width) return text.slice(0, end);
    end = index + segment.length;
  }
  return text.slice(0, end);
}
