/**
 * A run to export or to compare: its record, and its events and log lines in order, read as they
 * are needed.
 */
import type { Client } from "../../protocol/client/client.js";
import { storedLines } from "../../protocol/client/log-lines.js";
import type { OperationEvent } from "../../protocol/event.js";
import type { LogLine, Operation } from "../../protocol/operation.js";

export interface RunSource {
  readonly record: Operation;
  /** May be read once or several times. */
  events(): AsyncIterable<OperationEvent>;
  /** @param after only lines with a greater number; default 0 */
  log(after?: number): AsyncIterable<LogLine>;
}

/**
 * A run of the daemon. An operation that runs is read as it is in the record: later events and
 * lines are left out, so that record, events and log agree.
 */
export function runOf(client: Client, record: Operation, signal?: AbortSignal): RunSource {
  const { id, seq, logLines } = record;
  return {
    record,
    async *events() {
      for await (const line of client.events(id, {}, signal)) {
        if (line.type === "end" || line.type === "log:line") continue;
        if (line.seq > seq) return;
        yield line;
      }
    },
    log: (after = 0) =>
      storedLines({
        after,
        client,
        id,
        filter: {},
        end: { logLine: logLines, seq: Infinity },
        signal,
      }),
  };
}
