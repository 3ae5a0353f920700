/**
 * The window of one operation's log that is held in memory: a run of consecutive line numbers, bounded, that
 * either follows the end or stands still. Pure; the log hook fetches what `wantedLines` says is missing.
 */
import type { LogLine } from "../../../protocol/operation.js";

/** Lines held at most. */
export const MAX_LINES = 2000;
/** Lines fetched at a time. */
export const LOG_PAGE = 500;

export interface LogWindow {
  /** The operation it belongs to. */
  readonly id: string | null;
  readonly lines: readonly LogLine[];
  /** Lines in the whole log, as far as is known. */
  readonly total: number;
  readonly follow: boolean;
  /** Number of the lowest line on the screen while it stands still. */
  readonly bottom: number;
  /** Lines after the last one held were passed over: it stood still and was full. */
  readonly gap: boolean;
}

/** A range of lines to fetch: the daemon's own query words. */
export type LogWant = { before: number } | { after: number } | { tail: number };

export const NO_LOG: LogWindow = { id: null, lines: [], total: 0, follow: true, bottom: 0, gap: false };

export function openLog(id: string | null, total: number): LogWindow {
  return { ...NO_LOG, id, total };
}

const first = (log: LogWindow): number => log.lines[0]?.n ?? log.total + 1;
const last = (log: LogWindow): number => log.lines.at(-1)?.n ?? log.total;

/** Lines that were streamed. What does not join on to the window is passed over, to be fetched when it is wanted. */
export function appendLines(log: LogWindow, lines: readonly LogLine[]): LogWindow {
  const total = Math.max(log.total, lines.at(-1)?.n ?? 0);
  const held = log.lines.at(-1)?.n;
  const fresh = held === undefined ? lines : lines.filter((line) => line.n > held);
  if (fresh.length === 0) return log;
  const joins = held === undefined || fresh[0]!.n === held + 1;
  const full = !log.follow && log.lines.length + fresh.length > MAX_LINES;
  if (!joins || full) return { ...log, total, gap: true };
  return { ...log, total, lines: [...log.lines, ...fresh].slice(-MAX_LINES) };
}

/** A range that was fetched for `want`. */
export function addPage(log: LogWindow, want: LogWant, lines: readonly LogLine[], total: number): LogWindow {
  if ("tail" in want) return { ...log, lines: lines.slice(-MAX_LINES), total, gap: false };
  if ("before" in want) {
    const older = lines.filter((line) => line.n < first(log));
    if (older.at(-1)?.n !== first(log) - 1) return { ...log, total };
    const held = [...older, ...log.lines];
    return { ...log, total, lines: held.slice(0, MAX_LINES), gap: log.gap || held.length > MAX_LINES };
  }
  const newer = lines.filter((line) => line.n > last(log));
  if (newer[0]?.n !== last(log) + 1) return { ...log, total, gap: newer.length > 0 };
  return { ...log, total, lines: [...log.lines, ...newer].slice(-MAX_LINES), gap: newer.at(-1)!.n < total };
}

/** The lines on a screen of this height. */
export function visibleLines(log: LogWindow, height: number): readonly LogLine[] {
  if (height <= 0 || log.lines.length === 0) return [];
  const end = log.follow ? log.lines.length : log.bottom - first(log) + 1;
  const clamped = Math.min(log.lines.length, Math.max(end, Math.min(height, log.lines.length)));
  return log.lines.slice(Math.max(0, clamped - height), clamped);
}

/** Moves by rows: up stops following, down to the end follows again. */
export function scrollLog(log: LogWindow, rows: number, height: number): LogWindow {
  if (log.lines.length === 0) return log;
  const from = log.follow ? last(log) : log.bottom;
  const lowest = Math.min(first(log) + height - 1, last(log));
  const bottom = Math.max(lowest, Math.min(last(log), from + rows));
  if (rows > 0 && bottom === last(log) && !log.gap) return followLog(log);
  return bottom === last(log) && log.follow ? log : { ...log, follow: false, bottom };
}

export function followLog(log: LogWindow): LogWindow {
  return log.follow ? log : { ...log, follow: true };
}

/** To the oldest line held; the ones before it are fetched as they come into view. */
export function scrollToStart(log: LogWindow, height: number): LogWindow {
  return scrollLog(log, -MAX_LINES, height);
}

/** What has to be fetched for what is on the screen and the page around it, or null. */
export function wantedLines(log: LogWindow, height: number): LogWant | null {
  if (log.id === null || log.lines.length === 0) return null;
  if (log.follow) return log.gap ? { tail: LOG_PAGE } : null;
  if (first(log) > 1 && log.bottom - 2 * height < first(log)) return { before: first(log) };
  if (log.gap && log.bottom + height > last(log)) return { after: last(log) };
  return null;
}
