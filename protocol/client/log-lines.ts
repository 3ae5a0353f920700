/** Reads the log lines that pass a filter: the stored lines, the last N of them, and new lines. */

import type { LogLine, LogStream } from "../operation.js";
import { withoutSequences } from "../text/sgr.js";
import type { Client } from "./client.js";
import { followChain } from "./follow.js";
import type { Reconnect } from "./reconnect.js";

/** Largest page of lines that the daemon returns. */
const PAGE = 10_000;

/** Which log lines to read. */
export interface LineFilter {
  stage?: string | undefined;
  step?: string | undefined;
  stream?: LogStream | undefined;
  /** Only lines that match; the pattern does not see the colours of a line. */
  grep?: RegExp | undefined;
  /** Only lines of this attempt. */
  attempt?: number | undefined;
  /** Only lines since this time, in ms since the epoch. */
  since?: number | undefined;
}

/** A position in the log: the number of a line, and its position among the events. */
export interface LogEnd {
  logLine: number;
  seq: number;
}

export interface StoredLines {
  client: Client;
  id: string;
  filter: LineFilter;
  /** Lines up to this number are left out. Default: none is. */
  after?: number | undefined;
  /** The end of the log: later lines are not stored lines. Undefined: none is left out. */
  end?: LogEnd | undefined;
  signal?: AbortSignal | undefined;
}

/** The last line of the log: stored lines end here, and new lines begin after it. */
export async function endOfLog(client: Client, id: string, signal?: AbortSignal): Promise<LogEnd> {
  const { lines } = await client.log(id, { tail: 1, limit: 1 }, signal);
  const last = lines.at(-1);
  return last === undefined ? { logLine: 0, seq: 0 } : { logLine: last.n, seq: last.seq };
}

/** All stored lines that pass the filter, oldest first, page by page. */
export async function* storedLines(stored: StoredLines): AsyncGenerator<LogLine> {
  for await (const lines of pages(stored, { after: stored.after ?? 0 })) yield* lines;
}

/** The last `count` stored lines that pass the filter, oldest first. Reads the log from its end. */
export async function lastLines(stored: StoredLines, count: number): Promise<LogLine[]> {
  if (count === 0) return [];
  const batches: LogLine[][] = [];
  let missing = count;
  const { grep, attempt, since } = stored.filter;
  const isOfDaemon = [grep, attempt, since].every((each) => each === undefined);
  const limit = isOfDaemon ? Math.min(count, PAGE) : PAGE;
  for await (const lines of pages(stored, { tail: limit })) {
    const last = lines.slice(-missing);
    batches.push(last);
    missing -= last.length;
    if (missing === 0) break;
  }
  return batches.reverse().flat();
}

/**
 * The daemon filters by stage, step, stream and plain text, the client by the rest. A regular
 * expression is not given to the daemon: it could block it.
 */
async function* pages(
  { client, id, filter, end, signal }: StoredLines,
  bounds: { after: number } | { tail: number },
): AsyncGenerator<LogLine[]> {
  const { stage, step, stream, grep } = filter;
  const isPlain = grep !== undefined && PLAIN.test(grep.source);
  const most = end?.logLine ?? Number.POSITIVE_INFINITY;
  const query = {
    ...bounds,
    limit: "tail" in bounds ? bounds.tail : PAGE,
    stage,
    step,
    stream,
    ...(isPlain && { match: grep.source }),
  };
  for await (const { lines } of client.logPages(id, query, signal)) {
    yield lines.filter((line) => line.n <= most && passes(filter, line));
    if ((lines.at(-1)?.n ?? 0) >= most && "after" in bounds) return;
  }
}

/** A regular expression that is a plain text, in letters of which the daemon knows both cases. */
const PLAIN = /^[ !"#%&',:;<=>@\w`~-]{1,200}$/;

/** New lines that pass the filter, until the operation is finished. Does not follow the chain. */
export async function* newLines(
  { client, id, filter, end }: StoredLines & { end: LogEnd },
  reconnect: Reconnect,
): AsyncGenerator<LogLine> {
  for await (const { line } of followChain(client, id, {
    ...reconnect,
    chain: false,
    after: end,
  })) {
    if (line.type !== "log:line") continue;
    const { type: _, ...stored } = line;
    if (passes(filter, stored)) yield stored;
  }
}

/** Whether the line passes the filter. A regular expression does not see the colours of a line. */
function passes({ stage, step, stream, grep, attempt, since }: LineFilter, line: LogLine): boolean {
  return (
    (attempt === undefined || line.attempt === attempt) &&
    (since === undefined || Date.parse(line.at) >= since) &&
    (stage === undefined || line.stage === stage) &&
    (step === undefined || line.step === step) &&
    (stream === undefined || line.stream === stream) &&
    (grep === undefined || withoutSequences(line.text).search(grep) !== -1)
  );
}
