/**
 * Reads an operation's log from a given line, over all its attempts, in slices that pass a filter.
 */
import type { LogLine, LogStream } from "../../protocol/operation.js";
import { gapBetween, numberOfRecord, parseRecord } from "../../protocol/record-line.js";
import { withoutSequences } from "../../protocol/text/sgr.js";
import { firstOf, type LogRecord, linesOf } from "./log-tail.js";
import type { RunFiles } from "./runs.js";

/** Which lines of a log are wanted. */
export interface LineFilter {
  /** Text in the line without its colours, case-insensitive. */
  match?: string | undefined;
  stage?: string | undefined;
  step?: string | undefined;
  stream?: LogStream | undefined;
}

export function isFiltered({ match, stage, step, stream }: LineFilter): boolean {
  return Boolean(match) || stage !== undefined || step !== undefined || stream !== undefined;
}

function matcher(filter: LineFilter): (line: LogLine) => boolean {
  const match = filter.match?.toLowerCase();
  return (line) =>
    (match === undefined || withoutSequences(line.text).toLowerCase().includes(match)) &&
    (filter.stage === undefined || line.stage === filter.stage) &&
    (filter.step === undefined || line.step === filter.step) &&
    (filter.stream === undefined || line.stream === filter.stream);
}

/** Printable ASCII that JSON does not escape. */
const AS_IT_IS = /^[ !#-[\]-~]+$/;

/** As JSON writes it. A line with control sequences is searched without them. */
const ESCAPE = "\\u001b";

/** Whether a record may hold a wanted line, without parsing it. Never false for one that does. */
function sieve({ match, stage, step, stream }: LineFilter): (stored: string) => boolean {
  const text = match && AS_IT_IS.test(match) ? match.toLowerCase() : "";
  const keys = [
    ...(stage === undefined ? [] : [`"stage":${JSON.stringify(stage)}`]),
    ...(step === undefined ? [] : [`"step":${JSON.stringify(step)}`]),
    ...(stream === undefined ? [] : [`"stream":"${stream}"`]),
  ];
  return (stored) =>
    keys.every((key) => stored.includes(key)) &&
    (text === "" || stored.toLowerCase().includes(text) || stored.includes(ESCAPE));
}

/** Bytes that are read and searched at a time: about 1 ms of work. */
const SLICE = 64 * 1024;

interface Slice {
  /** Number of the last line that was searched. */
  readonly seen: number;
  /** Bytes that were searched for the slice, about. */
  readonly bytes: number;
}

/** The lines that pass the filter. */
export interface LogSlice extends Slice {
  readonly lines: LogLine[];
}

/** Their texts, a line each; behind the name of its step, where it has one. */
export interface TextSlice extends Slice {
  readonly text: string;
}

export function* slicesAfter(
  files: RunFiles,
  after: number,
  filter: LineFilter = {},
): Generator<LogSlice> {
  const wanted = matcher(filter);
  for (const { records, ...slice } of recordsAfter(files, after, filter))
    yield {
      ...slice,
      lines: records.flatMap(linesOf).filter((line) => line.n > after && wanted(line)),
    };
}

export function* textsAfter(
  files: RunFiles,
  after: number,
  filter: LineFilter,
): Generator<TextSlice> {
  const wanted = matcher(filter);
  const isWhole = !isFiltered(filter);
  for (const { records, ...slice } of recordsAfter(files, after, filter)) {
    let text = "";
    for (const record of records) {
      const lines =
        isWhole && firstOf(record) > after
          ? record.lines
          : linesOf(record).flatMap((line) => (line.n > after && wanted(line) ? [line.text] : []));
      const prefix = prefixOf(record);
      if (lines.length > 0) text += `${prefix}${lines.join(`\n${prefix}`)}\n`;
    }
    yield { ...slice, text };
  }
}

/** What stands before the text of each line of a step. */
export function prefixOf({ step }: Pick<LogLine, "step">): string {
  return step === undefined ? "" : `[${step}] `;
}

/** A caller that stops early closes the files by ending the generator. */
function* recordsAfter(
  files: RunFiles,
  after: number,
  filter: LineFilter,
): Generator<Slice & { records: LogRecord[] }> {
  const may = sieve(filter);
  let seen = after;
  for (const attempt of files.attempts()) {
    // From the beginning no part of the log is looked into to find the first line.
    const tail = files.log(attempt, after > 0 ? (line) => numberOf(line) <= after : undefined);
    /** Number of the line before; null: unknown. */
    let before: number | null = null;
    try {
      for (;;) {
        const records: LogRecord[] = [];
        let bytes = 0;
        let last = "";
        const any = tail.read((text) => {
          bytes += text.length + 1;
          last = text;
          const record = may(text) ? parseRecord<LogRecord>(text) : undefined;
          const problem = record === undefined ? null : whyApart(before, record);
          if (problem !== null) files.reportLog(attempt, problem);
          before = record?.n ?? null;
          if (record) records.push(record);
        }, SLICE);
        if (!any) break;
        // A damaged line has no number: at most, lines above the last known number are searched
        // again.
        seen = Math.max(seen, records.at(-1)?.n ?? 0, numberOfRecord(last) ?? 0);
        yield { records, seen, bytes };
      }
    } finally {
      tail.close();
    }
  }
}

/** Lines numbered above `after`, oldest first, at most `limit`; `more` if the log continues. */
export function linesAfter(
  files: RunFiles,
  after: number,
  limit: number,
): { lines: LogLine[]; more: boolean } {
  const lines: LogLine[] = [];
  for (const slice of slicesAfter(files, after)) {
    lines.push(...slice.lines);
    if (lines.length > limit) return { lines: lines.slice(0, limit), more: true };
  }
  return { lines, more: false };
}

/**
 * A damaged record is never before: the search ends in front of it, and unwanted lines after it are
 * skipped.
 */
function numberOf(text: string): number {
  return numberOfRecord(text) ?? Number.POSITIVE_INFINITY;
}

/**
 * Why the record does not follow the line with the number, in words. @param record - null: it is
 * damaged
 */
function whyApart(before: number | null, record: LogRecord | null): string | null {
  if (record === null) return "a damaged record was passed over";
  // The head of a part has the number of the line before, which may have been cut.
  return before === null || record.cut !== undefined ? null : gapBetween(before, firstOf(record));
}
