/** An operation's log from a line on, over all its attempts, in slices that are read one after the other. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { LogLine, LogStream } from "../../protocol/operation.js";
import { parseRecord } from "../../protocol/record-line.js";
import { LogTail } from "./log-tail.js";
import { isDirectory } from "./unreadable.js";

/** Which lines of a log are wanted, and a quicker question that spares most of the others from being parsed. */
export interface LogFilter {
  /** Text in the line, case-insensitive. */
  match?: string | undefined;
  stage?: string | undefined;
  stream?: LogStream | undefined;
}

export function isFiltered({ match, stage, stream }: LogFilter): boolean {
  return Boolean(match) || stage !== undefined || stream !== undefined;
}

function matcher(filter: LogFilter): (line: LogLine) => boolean {
  const match = filter.match?.toLowerCase();
  return (line) =>
    (match === undefined || line.text.toLowerCase().includes(match)) &&
    (filter.stage === undefined || line.stage === filter.stage) &&
    (filter.stream === undefined || line.stream === filter.stream);
}

/** Printable ASCII that stands in JSON as it is. */
const AS_IT_IS = /^[ !#-[\]-~]+$/;

/** Whether a line, as it stands in the file, may be wanted: never false where it is. */
function sieve({ match, stage, stream }: LogFilter): (stored: string) => boolean {
  const text = match && AS_IT_IS.test(match) ? match.toLowerCase() : "";
  const keys = [
    ...(stage === undefined ? [] : [`"stage":${JSON.stringify(stage)}`]),
    ...(stream === undefined ? [] : [`"stream":"${stream}"`]),
  ];
  return (stored) =>
    keys.every((key) => stored.includes(key)) && (text === "" || stored.toLowerCase().includes(text));
}

/** Bytes that are read, and looked through, at a time: about a millisecond's work. */
const SLICE = 64 * 1024;

export interface LogSlice {
  /** The lines that pass the filter. */
  readonly lines: LogLine[];
  /** Number of the last line that was looked at. */
  readonly seen: number;
  /** Bytes that were looked through for it, about. */
  readonly bytes: number;
}

/**
 * Attempt numbers that have run files, in order.
 *
 * @throws IrregularFileError where something else stands in the place of a directory
 */
export function attemptsIn(runDir: string): number[] {
  if (!isDirectory(runDir)) return [];
  const attempts: number[] = [];
  for (const entry of readdirSync(runDir, { withFileTypes: true })) {
    if (!/^\d+$/.test(entry.name)) continue;
    if (!entry.isDirectory()) isDirectory(join(runDir, entry.name));
    attempts.push(Number(entry.name));
  }
  return attempts.sort((a, b) => a - b);
}

/** Whoever stops early closes the files by that. */
export function* slicesAfter(runDir: string, after: number, filter: LogFilter = {}): Generator<LogSlice> {
  const wanted = matcher(filter);
  const may = sieve(filter);
  let seen = after;
  for (const attempt of attemptsIn(runDir)) {
    const tail = new LogTail(join(runDir, String(attempt)), (line) => numberOf(line) <= after);
    try {
      for (;;) {
        const lines: LogLine[] = [];
        let bytes = 0;
        let last = "";
        const any = tail.read((text) => {
          bytes += text.length + 1;
          last = text;
          const line = may(text) ? parse(text) : null;
          if (line !== null && line.n > after && wanted(line)) lines.push(line);
        }, SLICE);
        if (!any) break;
        // A damaged one has no number: what is above the last known one is looked at again at most.
        seen = Math.max(seen, lines.at(-1)?.n ?? 0, parseRecord<LogLine>(last)?.n ?? 0);
        yield { lines, seen, bytes };
      }
    } finally {
      tail.close();
    }
  }
}

/** Lines numbered above `after`, oldest first, at most `limit`; `more` where the log goes on. */
export function linesAfter(
  runDir: string,
  after: number,
  limit: number,
): { lines: LogLine[]; more: boolean } {
  const lines: LogLine[] = [];
  for (const slice of slicesAfter(runDir, after)) {
    lines.push(...slice.lines);
    if (lines.length > limit) return { lines: lines.slice(0, limit), more: true };
  }
  return { lines, more: false };
}

/** A damaged line is never before: seeking ends in front of it, and what is not wanted there is passed over. */
function numberOf(line: string): number {
  return parseRecord<LogLine>(line)?.n ?? Number.POSITIVE_INFINITY;
}

function parse(text: string): LogLine | null {
  const stored = parseRecord<LogLine & { end?: number }>(text);
  if (stored === null) return null;
  const { end: _, ...line } = stored;
  return line;
}
