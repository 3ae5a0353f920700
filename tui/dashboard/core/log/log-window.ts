/**
 * The window of one operation's log that is held in memory: all lines between two numbers that pass
 * the filter, bounded, following the end or standing still. Pure; the log hook fetches what
 * `wantedLines` says is missing.
 */
import type { LogLine } from "../../../../protocol/operation.js";

export interface LogFilter {
  readonly stage: string | null;
  /** Of the stage. */
  readonly step: string | null;
}

export const WHOLE_LOG: LogFilter = { stage: null, step: null };

export const passes = ({ stage, step }: LogFilter, line: LogLine): boolean =>
  (stage === null || line.stage === stage) && (step === null || line.step === step);

export const isFiltered = ({ stage }: LogFilter): boolean => stage !== null;

/** Lines held at most. */
export const MAX_LINES = 2000;
/** Lines fetched at a time. */
export const LOG_PAGE = 500;
/** Lines fetched before the one that was jumped to, so that it does not stand at the edge. */
const BEFORE_JUMP = 100;

export interface LogWindow {
  /** The operation it belongs to. */
  readonly id: string | null;
  readonly filter: LogFilter;
  readonly lines: readonly LogLine[];
  /**
   * Numbers of the first and last line of the log that the window covers; what passes in between is
   * held.
   */
  readonly from: number;
  readonly to: number;
  /** Lines in the whole log, as far as is known. */
  readonly total: number;
  readonly follow: boolean;
  /** Number of the lowest line on the screen while it stands still. */
  readonly bottom: number;
  /**
   * Lines were passed over, or another filter was set: the end has to be fetched before it can be
   * followed.
   */
  readonly behind: boolean;
  /** The target of a jump whose surrounding lines are not loaded. */
  readonly jump: number | null;
}

/** A range of lines to fetch: the daemon's own query words; `around` is a jump. */
export type LogWant =
  | { before: number }
  | { after: number }
  | { tail: number }
  | { around: number };

export const NO_LOG: LogWindow = {
  id: null,
  filter: WHOLE_LOG,
  lines: [],
  from: 1,
  to: 0,
  total: 0,
  follow: true,
  bottom: 0,
  behind: false,
  jump: null,
};

/**
 * Nothing is held, and the window begins behind what the log had so far, or before its last page.
 *
 * @param floor lines of the operations before, which are not streamed
 */
export function openLog(id: string | null, total: number, floor = 0): LogWindow {
  const to = Math.max(floor, total - LOG_PAGE);
  return { ...NO_LOG, id, total, from: to + 1, to };
}

/**
 * Adds streamed lines. Lines that do not continue the window are skipped, and fetched when the
 * screen needs them.
 */
export function appendLines(log: LogWindow, lines: readonly LogLine[]): LogWindow {
  const first = lines[0]?.n ?? 0;
  const last = lines.at(-1)?.n ?? 0;
  const total = Math.max(log.total, last);
  if (last <= log.to || (first > log.to + 1 && total === log.total)) return log;
  const fresh = lines.filter((line) => line.n > log.to && passes(log.filter, line));
  const full = !log.follow && log.lines.length + fresh.length > MAX_LINES;
  if (first > log.to + 1 || full) return { ...log, total, behind: true };
  return cap({ ...log, total, to: last, lines: [...log.lines, ...fresh] }, "newest");
}

/**
 * A range that was fetched for `want`; `next`: the daemon looked up to there, and has to be asked
 * on.
 */
export function addPage(
  log: LogWindow,
  want: LogWant,
  lines: readonly LogLine[],
  total: number,
  next: number | null,
  floor = 0,
): LogWindow {
  // The lines may include some that were written after `total` was counted.
  const end = Math.max(total, lines.at(-1)?.n ?? 0);
  const known = Math.max(end, log.total);
  if ("before" in want) {
    if (want.before !== log.from) return log;
    return cap(
      { ...log, total: known, from: next ?? 1, lines: [...lines, ...log.lines] },
      "oldest",
    );
  }
  if ("after" in want) {
    if (want.after !== log.to) return log;
    const to = next ?? Math.max(log.to, end);
    return cap(
      { ...log, total: known, to, behind: to < known, lines: [...log.lines, ...lines] },
      "newest",
    );
  }
  if ("tail" in want)
    return { ...log, total: known, lines, from: next ?? 1, to: end, behind: known > end };
  if (log.jump !== want.around) return log;
  const landed = lines.find((line) => line.n >= want.around) ?? lines.at(-1);
  return {
    ...log,
    total: known,
    lines,
    from: Math.max(floor + 1, want.around - BEFORE_JUMP),
    to: next ?? end,
    behind: next !== null || end < known,
    jump: null,
    bottom: landed?.n ?? want.around,
  };
}

/** Number above which the lines of a jump are fetched. */
export function afterOfJump(around: number): number {
  return Math.max(0, around - BEFORE_JUMP - 1);
}

/**
 * Limits the lines in memory: drops those at the other end, which are fetched again when the screen
 * needs them.
 */
function cap(log: LogWindow, side: "oldest" | "newest"): LogWindow {
  if (log.lines.length <= MAX_LINES) return log;
  if (side === "oldest") {
    const lines = log.lines.slice(0, MAX_LINES);
    return { ...log, lines, to: lines.at(-1)!.n, behind: true };
  }
  const lines = log.lines.slice(-MAX_LINES);
  return { ...log, lines, from: lines[0]!.n };
}

/** The same log with another filter. Its lines are fetched again at the current place. */
export function filterLog(log: LogWindow, filter: LogFilter): LogWindow {
  const empty = { ...log, filter, lines: [], from: 1, to: 0, behind: true };
  return log.follow ? { ...empty, jump: null } : { ...empty, jump: Math.max(1, log.bottom) };
}

/** The lines to fetch for the screen and the page around it; null: none. */
export function wantedLines(log: LogWindow, height: number): LogWant | null {
  if (log.id === null) return null;
  if (log.jump !== null) return { around: log.jump };
  const { lines, from, to, total } = log;
  if (log.follow) {
    if (log.behind) return { tail: LOG_PAGE };
    // A filter, or an operation that has just taken over, may leave less than a screenful of what
    // was streamed.
    const whole = isFiltered(log.filter) || to >= total;
    return lines.length < height && from > 1 && whole ? { before: from } : null;
  }
  const above = placeAfter(lines, log.bottom);
  if (from > 1 && above - 2 * height < 0) return { before: from };
  if (to < total && above + height > lines.length) return { after: to };
  return null;
}

/** Place of the first line numbered above this. */
function placeAfter(lines: readonly LogLine[], n: number): number {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[middle]!.n <= n) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The rows of the screen for lines, and how many of them a line takes. */
export interface LogRows {
  readonly height: number;
  readonly rowsOf: (line: LogLine) => number;
}

/**
 * The lines on a screen of so many rows: the last ones, or those up to `bottom`, and a full screen
 * wherever there are lines for one. Their last rows are what is seen, where they have more.
 */
export function visibleLines(log: LogWindow, room: LogRows): readonly LogLine[] {
  const { lines } = log;
  if (room.height <= 0 || lines.length === 0) return [];
  let end = log.follow ? lines.length : placeAfter(lines, log.bottom);
  let start = end;
  let left = room.height;
  while (start > 0 && left > 0) {
    // The uppermost line may have room only for its last rows.
    left -= room.rowsOf(lines[start - 1]!);
    start--;
  }
  while (end < lines.length && left > 0) {
    const rows = room.rowsOf(lines[end]!);
    if (rows > left) break;
    left -= rows;
    end++;
  }
  return lines.slice(start, end);
}

/** Moves by lines: up stops following, down to the end follows again. */
export function scrollLog(log: LogWindow, by: number, room: LogRows): LogWindow {
  const { lines } = log;
  if (lines.length === 0) return log;
  const visible = visibleLines(log, room);
  const from = placeAfter(lines, visible.at(-1)!.n) - 1;
  const top = visibleLines({ ...log, follow: false, bottom: lines[0]!.n }, room);
  const lowest = placeAfter(lines, top.at(-1)!.n) - 1;
  const place = Math.max(lowest, Math.min(lines.length - 1, from + by));
  const atEnd = place === lines.length - 1;
  if (by > 0 && atEnd && log.to >= log.total) return followLog(log);
  if (log.follow && atEnd) return log;
  return { ...log, follow: false, jump: null, bottom: lines[place]!.n };
}

/** Moves by a page of the screen. One line of the previous page stays on the screen. */
export function pageLog(log: LogWindow, direction: 1 | -1, room: LogRows): LogWindow {
  const count = visibleLines(log, room).length;
  return scrollLog(log, direction * Math.max(1, count - 1), room);
}

export function followLog(log: LogWindow): LogWindow {
  return log.follow && log.jump === null ? log : { ...log, follow: true, jump: null };
}

/**
 * Moves to the line with this number, a third below the upper edge. Fetches a line that is not
 * loaded.
 */
export function jumpTo(log: LogWindow, n: number, room: LogRows): LogWindow {
  if (n < log.from || n > log.to) return { ...log, follow: false, jump: n };
  const place = Math.max(0, placeAfter(log.lines, n) - 1);
  let bottom = place;
  const own = log.lines[place] === undefined ? 1 : room.rowsOf(log.lines[place]);
  for (
    let rows = Math.min(Math.floor((room.height * 2) / 3), room.height - own);
    bottom < log.lines.length - 1;
    bottom++
  ) {
    rows -= room.rowsOf(log.lines[bottom + 1]!);
    if (rows < 0) break;
  }
  return { ...log, follow: false, jump: null, bottom: log.lines[bottom]?.n ?? n };
}

export function scrollToStart(log: LogWindow, room: LogRows): LogWindow {
  if (log.from > 1 || log.lines.length === 0) return { ...log, follow: false, jump: 1 };
  return scrollLog(log, -log.lines.length, room);
}
