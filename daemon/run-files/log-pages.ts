/** Pages of an operation's log, over all its attempts, read by range from the files. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { LogLine, LogStream } from "../../protocol/operation.js";
import { LogTail } from "./log-tail.js";
import { parseSummed } from "./summed-line.js";

export interface LogFilter {
  match?: string | undefined;
  stage?: string | undefined;
  stream?: LogStream | undefined;
}

/** Attempt numbers that have run files, in order. */
export function attemptsIn(runDir: string): number[] {
  if (!existsSync(runDir)) return [];
  return readdirSync(runDir)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** Lines numbered above `after`, oldest first, at most `limit`; `more` where the log goes on. */
export function linesAfter(
  runDir: string,
  after: number,
  limit: number,
  filter: LogFilter = {},
): { lines: LogLine[]; more: boolean } {
  const lines: LogLine[] = [];
  const wanted = matcher(filter);
  for (const attempt of attemptsIn(runDir)) {
    const tail = new LogTail(join(runDir, String(attempt)), (line) => numberOf(line) <= after);
    try {
      let going = true;
      while (going && lines.length <= limit) {
        going = tail.read((text) => {
          const line = parse(text);
          if (line && line.n > after && lines.length <= limit && wanted(line)) lines.push(line);
        }, 256 * 1024);
      }
    } finally {
      tail.close();
    }
    if (lines.length > limit) return { lines: lines.slice(0, limit), more: true };
  }
  return { lines, more: false };
}

/** The last `limit` lines numbered below `before`, oldest first; `more` where there are earlier ones. */
export function linesBefore(
  runDir: string,
  before: number,
  limit: number,
  filter: LogFilter = {},
): { lines: LogLine[]; more: boolean } {
  const plain = !filter.match && !filter.stage && !filter.stream;
  let lines: LogLine[] = [];
  // Without a filter the numbers tell where to start; with one, go back in growing steps until enough are found.
  let step = plain ? limit + 1 : Math.max(1000, limit * 4);
  let end = before;
  // A bounded log begins later than at 1.
  const first = linesAfter(runDir, 0, 1).lines[0]?.n ?? before;
  while (end > first) {
    const start = Math.max(0, end - 1 - step);
    const page = linesAfter(runDir, start, end - 1 - start, filter).lines.filter((line) => line.n < end);
    lines = [...page, ...lines];
    if (lines.length > limit) return { lines: lines.slice(-limit), more: true };
    end = start + 1;
    step *= 2;
  }
  return { lines, more: false };
}

function matcher(filter: LogFilter): (line: LogLine) => boolean {
  const match = filter.match?.toLowerCase();
  return (line) =>
    (match === undefined || line.text.toLowerCase().includes(match)) &&
    (filter.stage === undefined || line.stage === filter.stage) &&
    (filter.stream === undefined || line.stream === filter.stream);
}

/** A damaged line is never before: seeking ends in front of it, and what is not wanted there is passed over. */
function numberOf(line: string): number {
  return parseSummed<LogLine>(line)?.n ?? Number.POSITIVE_INFINITY;
}

function parse(text: string): LogLine | null {
  const stored = parseSummed<LogLine & { end?: number }>(text);
  if (stored === null) return null;
  const { end: _, ...line } = stored;
  return line;
}
