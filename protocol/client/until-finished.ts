/** Waits until an operation, or its chain, is finished, over restarts of the daemon. */
import { Refusal } from "../errors.js";
import type { Operation } from "../operation.js";
import { isFinal } from "../state.js";
import { applyWatchLine, EMPTY_VIEW } from "../watch.js";
import type { Client } from "./client.js";
import { type Reconnect, reconnecting, untilAnswered } from "./reconnect.js";

export interface WaitOptions extends Reconnect {
  /** Wait for the last operation of the chain, not for this operation; true by default. */
  chain?: boolean;
  /**
   * Called with the id of the next operation of the chain when the wait moves to that operation.
   */
  onLink?: (id: string) => void;
  /**
   * Called with the record of the operation that the chain has reached, at the start and after each
   * change.
   */
  onRecord?: (operation: Operation) => void;
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
  const open = () => client.watch({ operation: current, follow }, options.signal);
  for await (const line of reconnecting(open, options)) {
    if (line.type === "removed") removed = view.operations.get(line.id);
    view = applyWatchLine(view, line);
    if (line.type === "chained") {
      current = line.to;
      options.onLink?.(current);
    }
    const now = view.operations.get(current);
    if (now !== undefined) options.onRecord?.(now);
    if (line.type === "end") {
      if (removed?.id === line.id) return removedRecord(removed);
      const record = view.operations.get(line.id);
      if (record?.state === line.state && record.large === null) return record;
      return untilAnswered(() => client.show(line.id, options.signal), options);
    }
  }
  throw new Error(`the watch stream of ${current} closed before the operation finished`);
}

/** The last operation of the chain now, without a wait. A removed operation ends the chain. */
export async function lastOfChain(
  client: Client,
  operation: Operation,
  signal?: AbortSignal,
): Promise<Operation> {
  let last = operation;
  while (last.chain.next !== null) {
    try {
      last = await client.show(last.chain.next, signal);
    } catch (error) {
      if (error instanceof Refusal && error.code === "LIVEOPS_NO_SUCH_OPERATION") break;
      throw error;
    }
  }
  return last;
}

/**
 * The last record of an operation that was removed: a queued operation is cancelled by its removal.
 */
export function removedRecord(record: Operation): Operation {
  if (isFinal(record.state)) return record;
  return { ...record, state: "cancelled", cancelRequested: true, queuePosition: null };
}
