/** Waits until an operation, or its chain, is finished, over restarts of the daemon. */
import type { Client } from "../../../protocol/client/client.js";
import { type ReportTo, say } from "../../../protocol/command/report.js";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { applyWatchLine, EMPTY_VIEW } from "../../../protocol/watch.js";
import { type Reconnect, reconnecting, untilAnswered } from "./reconnect.js";

export interface WaitOptions extends Reconnect {
  /** Wait for the last operation of the chain, not for this operation; true by default. */
  chain?: boolean;
  /** Called with the id of the next operation of the chain when the wait moves to that operation. */
  onLink?: (id: string) => void;
}

/** @returns the record of the operation that finished last */
export async function untilFinished(
  client: Client,
  id: string,
  options: WaitOptions = {},
): Promise<Operation> {
  let view = EMPTY_VIEW;
  let current = id;
  let removed: Operation | undefined;
  const follow = options.chain === false ? undefined : ("chain" as const);
  const open = () => client.watch({ operation: current, ...(follow && { follow }) }, options.signal);
  for await (const line of reconnecting(open, options)) {
    if (line.type === "removed") removed = view.operations.get(line.id);
    view = applyWatchLine(view, line);
    if (line.type === "chained") {
      current = line.to;
      options.onLink?.(current);
    }
    if (line.type === "end") {
      if (removed?.id === line.id) return removedRecord(removed);
      const record = view.operations.get(line.id);
      if (record?.state === line.state && !record.omitted) return record;
      return untilAnswered(() => client.show(line.id, options.signal), options);
    }
  }
  throw new Error(`the watch stream of ${current} closed before the operation finished`);
}

/** The last record of an operation that was removed: a queued operation is cancelled by its removal. */
export function removedRecord(record: Operation): Operation {
  if (isFinal(record.state)) return record;
  return { ...record, state: "cancelled", cancelRequested: true, queuePosition: null };
}

/** The notes of a waiting command when the connection to the daemon is lost and restored. */
export function lostNotes(to: ReportTo): Pick<Reconnect, "onLost" | "onBack"> {
  return {
    onLost: () => say(to, "lost the daemon; operations continue. Reconnecting…", "yellow"),
    onBack: () => say(to, "reconnected to the daemon", "yellow"),
  };
}

/** Prints one line on stderr for an operation that did not succeed: the reason, and the next command. */
export function noteOutcome(to: ReportTo, operation: Operation): void {
  const { id, op, state, error, finishedAt } = operation;
  if (state === "succeeded") return;
  // The lines after the first are the last lines of a program.
  const [reason, ...details] = error?.message.split("\n") ?? [];
  const why = reason === undefined ? "" : `: ${reason}`;
  // Only a record that was removed before its end has no time of its end.
  const more = finishedAt === null ? "; it was removed" : `; see: liveops show ${id}`;
  const lines = [`${op} ${id} ${state}${why}${more}`, ...details];
  say(to, lines.join("\n"), state === "failed" ? "red" : "yellow");
}
