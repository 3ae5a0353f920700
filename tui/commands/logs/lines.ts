/** An operation's log lines: those stored, page by page, and those to come; each once. */
import type { Client } from "../../../protocol/client/client.js";
import type { LogLine } from "../../../protocol/operation.js";
import { followChain } from "../follow/chain.js";
import type { Reconnect } from "../follow/reconnect.js";

/** Largest page of lines the daemon gives. */
const PAGE = 10_000;

/** Where printing stopped: the last line and its place among the events. */
export interface LogEnd {
  logLine: number;
  seq: number;
}

type Print = (line: LogLine) => unknown;

/** `tail`: only the last so many. */
export async function storedLines(
  client: Client,
  id: string,
  tail: number | undefined,
  print: Print,
): Promise<LogEnd> {
  let end: LogEnd = { logLine: 0, seq: 0 };
  let after = 0;
  if (tail !== undefined) {
    // One line at least: it tells where the lines to come begin.
    const last = await client.log(id, { tail: Math.min(Math.max(1, tail), PAGE), limit: PAGE });
    const newest = last.lines.at(-1);
    if (newest === undefined) return end;
    if (tail <= PAGE) {
      for (const line of tail === 0 ? [] : last.lines) print(line);
      return { logLine: newest.n, seq: newest.seq };
    }
    after = Math.max(0, last.total - tail);
  }
  for await (const page of client.logPages(id, { after, limit: PAGE })) {
    for (const line of page.lines) {
      print(line);
      end = { logLine: line.n, seq: line.seq };
    }
  }
  return end;
}

/** Until the operation is finished; its chain is not followed: a log is one operation's. */
export async function comingLines(
  client: Client,
  id: string,
  end: LogEnd,
  print: Print,
  reconnect: Reconnect,
): Promise<void> {
  const lines = followChain(client, id, { ...reconnect, chain: false, after: end });
  for await (const { line } of lines) if (line.type === "log:line") print(withoutType(line));
}

function withoutType({ type: _type, ...line }: LogLine & { type: "log:line" }): LogLine {
  return line;
}
