/**
 * Where one is in the part of a log that is held: the lines on the screen, and how keys and jumps move them. Pure.
 */
import type { LogLine } from "../../../protocol/operation.js";
import { type LogWindow, placeAfter } from "./log-window.js";

/** Rows that a line takes on the screen. */
export type RowsOf = (line: LogLine) => number;
const oneRow: RowsOf = () => 1;

/**
 * The lines on a screen of so many rows: the last ones, or those up to `bottom`, and a full screen wherever there are
 * lines for one. Their last rows are what is seen, where they have more.
 */
export function visibleLines(log: LogWindow, height: number, rowsOf: RowsOf = oneRow): readonly LogLine[] {
  const { lines } = log;
  if (height <= 0 || lines.length === 0) return [];
  let end = log.follow ? lines.length : placeAfter(lines, log.bottom);
  let start = end;
  let left = height;
  while (start > 0 && left > 0) {
    // Of the uppermost line there may be room only for its last rows.
    left -= rowsOf(lines[start - 1]!);
    start--;
  }
  while (end < lines.length && left > 0) {
    const rows = rowsOf(lines[end]!);
    if (rows > left) break;
    left -= rows;
    end++;
  }
  return lines.slice(start, end);
}

/** Moves by lines: up stops following, down to the end follows again. */
export function scrollLog(log: LogWindow, by: number, height: number, rowsOf: RowsOf = oneRow): LogWindow {
  const { lines } = log;
  if (lines.length === 0) return log;
  const shown = visibleLines(log, height, rowsOf);
  const from = placeAfter(lines, shown.at(-1)!.n) - 1;
  const top = visibleLines({ ...log, follow: false, bottom: lines[0]!.n }, height, rowsOf);
  const lowest = placeAfter(lines, top.at(-1)!.n) - 1;
  const place = Math.max(lowest, Math.min(lines.length - 1, from + by));
  const atEnd = place === lines.length - 1;
  if (by > 0 && atEnd && log.to >= log.total) return followLog(log);
  if (log.follow && atEnd) return log;
  return { ...log, follow: false, jump: null, bottom: lines[place]!.n };
}

/** A page as it is on the screen: the lines above or below the ones shown, one of them kept for the eye. */
export function pageLog(
  log: LogWindow,
  direction: 1 | -1,
  height: number,
  rowsOf: RowsOf = oneRow,
): LogWindow {
  const shown = visibleLines(log, height, rowsOf).length;
  return scrollLog(log, direction * Math.max(1, shown - 1), height, rowsOf);
}

export function followLog(log: LogWindow): LogWindow {
  return log.follow && log.jump === null ? log : { ...log, follow: true, jump: null };
}

/** Stands still where it is. */
export function pauseLog(log: LogWindow, height: number, rowsOf: RowsOf = oneRow): LogWindow {
  const shown = visibleLines(log, height, rowsOf);
  if (!log.follow || shown.length === 0) return log;
  return { ...log, follow: false, bottom: shown.at(-1)!.n };
}

/** Rows between a line that was jumped to and the foot of the screen, where there are so many. */
export function rowsBelowJump(height: number): number {
  return Math.floor((height * 2) / 3);
}

/** To the line with this number, near the upper edge of the screen; fetched where it is not held. */
export function jumpTo(log: LogWindow, n: number, height: number, rowsOf: RowsOf = oneRow): LogWindow {
  if (n < log.from || n > log.to) return { ...log, follow: false, jump: n };
  const place = Math.max(0, placeAfter(log.lines, n) - 1);
  let bottom = place;
  const own = log.lines[place] === undefined ? 1 : rowsOf(log.lines[place]);
  for (let rows = Math.min(rowsBelowJump(height), height - own); bottom < log.lines.length - 1; bottom++) {
    rows -= rowsOf(log.lines[bottom + 1]!);
    if (rows < 0) break;
  }
  return { ...log, follow: false, jump: null, bottom: log.lines[bottom]?.n ?? n };
}

export function scrollToStart(log: LogWindow, height: number, rowsOf: RowsOf = oneRow): LogWindow {
  if (log.from > 1 || log.lines.length === 0) return { ...log, follow: false, jump: 1 };
  return scrollLog(log, -log.lines.length, height, rowsOf);
}
