/**
 * Reads a page of a log for one request, and the number at which the next page continues.
 *
 * A filter may fit nothing in 64 MiB. So the log is searched in slices, and the daemon does other
 * work in between. The search ends at a bound: the page is then shorter than it might be, and says
 * where to continue.
 */
import { setImmediate as everythingElse } from "node:timers/promises";
import type { LogLine } from "../../protocol/operation.js";
import {
  isFiltered,
  type LineFilter,
  linesAfter,
  slicesAfter,
  type TextSlice,
  textsAfter,
} from "./log-slices.js";
import type { RunFiles } from "./runs.js";

/** Bytes of the log that one request searches for a filter. */
const MOST = 8 * 1024 * 1024;
/**
 * Most lines searched at a time going backwards: the lines that fit may be among the last of them.
 */
const WINDOW_MOST = 4000;

export interface LogQuestion {
  files: RunFiles;
  /** Lines wanted at most. */
  limit: number;
  filter: LineFilter;
  /** Most bytes to search; default 8 MiB. Without a filter, `limit` is the only bound. */
  most?: number;
  /** Whether the client no longer waits for the answer. */
  isGone?: () => boolean;
}

export interface FoundLines {
  /** Oldest first. */
  lines: LogLine[];
  /** Lines above (going backwards: below) this number are not searched yet; null: all are. */
  next: number | null;
}

/** The first lines numbered above `after`. */
export async function pageAfter(question: LogQuestion, after: number): Promise<FoundLines> {
  const { files, limit, filter } = question;
  const most = bound(question);
  const lines: LogLine[] = [];
  let looked = 0;
  for await (const slice of paced(slicesAfter(files, after, filter), question)) {
    lines.push(...slice.lines);
    looked += slice.bytes;
    if (lines.length > limit)
      return { lines: lines.slice(0, limit), next: lines[limit - 1]?.n ?? null };
    if (looked >= most && slice.seen > after) return { lines, next: slice.seen };
  }
  return { lines, next: null };
}

/** All texts of lines numbered above `after`. */
export function textAfter(
  question: Omit<LogQuestion, "limit">,
  after: number,
): AsyncGenerator<TextSlice> {
  return paced(textsAfter(question.files, after, question.filter), question);
}

/** The last lines numbered below `before`. */
export async function pageBefore(question: LogQuestion, before: number): Promise<FoundLines> {
  const { files, limit, filter } = question;
  const most = bound(question);
  let lines: LogLine[] = [];
  let looked = 0;
  // Without a filter the numbers tell where to start; with one, go back in growing steps until
  // enough are found.
  let step = isFiltered(filter) ? Math.min(WINDOW_MOST, Math.max(500, limit * 4)) : limit + 1;
  let end = before;
  // A bounded log begins later than at 1.
  const first = linesAfter(files, 0, 1).lines[0]?.n ?? before;
  while (end > first) {
    const start = Math.max(0, end - 1 - step);
    const found: LogLine[] = [];
    for await (const slice of paced(slicesAfter(files, start, filter), question)) {
      found.push(...slice.lines.filter((line) => line.n < end));
      looked += slice.bytes;
      if (slice.seen >= end - 1) break;
    }
    lines = [...found, ...lines];
    if (lines.length > limit) {
      const last = lines.slice(lines.length - limit);
      return { lines: last, next: last[0]?.n ?? null };
    }
    end = start + 1;
    step = Math.min(WINDOW_MOST, step * 2);
    if (looked >= most && end > first) return { lines, next: end };
  }
  return { lines, next: null };
}

function bound({ filter, most = MOST }: LogQuestion): number {
  return isFiltered(filter) ? most : Number.POSITIVE_INFINITY;
}

/** The slices, with a turn of the event loop between two of them. */
async function* paced<T>(
  slices: Generator<T>,
  { isGone }: Pick<LogQuestion, "isGone">,
): AsyncGenerator<T> {
  for (const slice of slices) {
    yield slice;
    await everythingElse();
    if (isGone?.()) return;
  }
}
