/** A run to export or to compare: its record, and its events and log lines in order, read as they are needed. */
import type { Client } from "../../../protocol/client/client.js";
import { storedLines } from "../../../protocol/client/log-lines.js";
import type { OperationEvent } from "../../../protocol/event.js";
import type { LogLine, Operation } from "../../../protocol/operation.js";
import type { Why } from "../../../protocol/why.js";

export interface RunSource {
  /** How a person names the run: the id, or the file with the id. */
  readonly name: string;
  readonly record: Operation;
  /** May be read once or several times. */
  events(): AsyncIterable<OperationEvent>;
  /** @param after only lines with a greater number; default 0 */
  log(after?: number): AsyncIterable<LogLine>;
  /** Null: the file does not have it. */
  why(): Promise<Why | null>;
}

/** Operations of a page of the list. */
const PAGE = 200;

/**
 * A run of the daemon. An operation that runs is read as it is in the record: later events and lines are left out, so
 * that record, events and log agree.
 */
export function runOf(client: Client, record: Operation, signal?: AbortSignal): RunSource {
  const { id, seq, logLines } = record;
  return {
    name: id,
    record,
    async *events() {
      for await (const line of client.events(id, {}, signal)) {
        if (line.type === "end" || line.type === "log:line") continue;
        if (line.seq > seq) return;
        yield line;
      }
    },
    why: () => client.why(id, {}, signal),
    log: (after = 0) =>
      storedLines({ after, client, id, filter: {}, end: { logLine: logLines, seq: Infinity }, signal }),
  };
}

/** The complete records of a chain, in order. */
export async function chainOf(
  client: Client,
  { id, chain }: Operation,
  signal?: AbortSignal,
): Promise<Operation[]> {
  const ids: Array<{ id: string; index: number }> = [];
  for (let before: string | undefined; ; ) {
    const page = await client.list(
      { chain: chain.id, limit: PAGE, ...(before !== undefined && { before }) },
      signal,
    );
    ids.push(...page.operations.map((link) => ({ id: link.id, index: link.chain.index })));
    if (page.next === null) break;
    before = page.next;
  }
  if (ids.length === 0) ids.push({ id, index: 0 });
  const records: Operation[] = [];
  // A list leaves out large values and the names of the variables.
  for (const link of ids.sort((a, b) => a.index - b.index)) records.push(await client.show(link.id, signal));
  return records;
}
