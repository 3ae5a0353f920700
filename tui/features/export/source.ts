/** A run to export or to compare: its record, and its events and log lines in order, read as they are needed. */
import type { Client } from "../../../protocol/client/client.js";
import { storedLines } from "../../../protocol/client/log-lines.js";
import type { OperationEvent } from "../../../protocol/event.js";
import type { LogLine, Operation } from "../../../protocol/operation.js";
import type { Why } from "../../../protocol/why.js";
import { listPages } from "../../cli/list-pages.js";

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
export async function chainOf(client: Client, { id, chain }: Operation, signal?: AbortSignal) {
  const { operations } = await listPages(client, { chain: chain.id });
  const links = operations.sort((a, b) => a.chain.index - b.chain.index).map((link) => link.id);
  return completeRecords(client, links.length === 0 ? [id] : links, signal);
}

type Reads = Pick<Client, "list" | "show">;

/** The records, each with those of what ran inside of it behind it. */
export async function withInside(
  client: Reads,
  records: readonly Operation[],
  signal?: AbortSignal,
): Promise<Operation[]> {
  const all: Operation[] = [];
  for (const record of records) {
    const { operations } = await listPages(client, { parent: record.id });
    const inside = await completeRecords(client, operations.map(({ id }) => id).reverse(), signal);
    all.push(record, ...(await withInside(client, inside, signal)));
  }
  return all;
}

/** A list leaves out large values and the names of the variables. */
async function completeRecords(client: Reads, ids: readonly string[], signal?: AbortSignal) {
  const records: Operation[] = [];
  for (const id of ids) records.push(await client.show(id, signal));
  return records;
}

/** Those that run inside of none of the others. */
export function outermostOf(runs: readonly RunSource[]): readonly RunSource[] {
  const ids = new Set(runs.map(({ record }) => record.id));
  return runs.filter(({ record: { parent } }) => parent === undefined || !ids.has(parent.id));
}
