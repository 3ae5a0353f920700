/**
 * What has to be written so that a terminal which shows one row shows another: moves to the cells that differ, and
 * those cells alone.
 *
 * Each row starts and ends plain. A row with characters about whose width terminals disagree is written anew, with the
 * column said again behind each of them, so that nothing after it can be out of place.
 */
import { type Cells, cellsOf } from "./cells-of.js";
import { transition } from "./sgr.js";

/** Equal cells between two differing ones that are cheaper to write again than to jump over. */
const BRIDGE = 4;

/** @param y row of the terminal, from 0 */
export function rowDifference(before: Cells, after: Cells, y: number): string {
  return before.certain && after.certain ? cellwise(before, after, y) : whole(after, y);
}

/** The row on a line of which nothing is known. */
export function wholeRow(row: string, y: number): string {
  return whole(cellsOf(row), y);
}

function whole({ text, styles }: Cells, y: number): string {
  let out = `\x1b[${y + 1};1H\x1b[2K`;
  let style = "";
  for (let x = 0; x < text.length; x++) {
    const cell = text[x]!;
    if (cell === "") continue;
    out += transition(style, styles[x]!) + cell;
    style = styles[x]!;
    if (cell.length > 1 || text[x + 1] === "" || cell > "\u2fff") {
      const next = x + (text[x + 1] === "" ? 2 : 1);
      if (next < text.length) out += `\x1b[${next + 1}G`;
    }
  }
  return out + transition(style, "");
}

function cellwise(before: Cells, after: Cells, y: number): string {
  const end = drawnLength(after);
  const stale = drawnLength(before);
  const same = (x: number) =>
    (before.text[x] ?? " ") === (after.text[x] ?? " ") &&
    (before.styles[x] ?? "") === (after.styles[x] ?? "");
  let out = "";
  let style = "";
  /** Where the terminal's cursor is; -1: elsewhere. */
  let at = -1;
  for (let x = 0; x < end; x++) {
    if (same(x)) continue;
    if (at !== -1 && x - at <= BRIDGE && plainBridge(after, at, x, style)) {
      for (let i = at; i < x; i++) out += after.text[i];
    } else if (at !== x) out += at === -1 ? `\x1b[${y + 1};${x + 1}H` : `\x1b[${x - at}C`;
    out += transition(style, after.styles[x]!) + after.text[x]!;
    style = after.styles[x]!;
    at = x + 1;
  }
  if (stale > end) {
    out += transition(style, "");
    style = "";
    if (at !== end) out += at === -1 ? `\x1b[${y + 1};${end + 1}H` : `\x1b[${end - at}C`;
    out += "\x1b[K";
  }
  return out + transition(style, "");
}

/** Whether the equal cells between can be written in the style that is on. */
function plainBridge({ styles }: Cells, from: number, to: number, style: string): boolean {
  for (let x = from; x < to; x++) if (styles[x] !== style) return false;
  return true;
}

/** Cells up to the last one that shows anything. */
function drawnLength({ text, styles }: Cells): number {
  let length = text.length;
  while (length > 0 && text[length - 1] === " " && styles[length - 1] === "") length--;
  return length;
}
