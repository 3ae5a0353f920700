/** Waits until an operation, or the last of its chain, is finished; over restarts of the daemon. */
import type { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import { applyWatchLine, EMPTY_VIEW } from "../../../protocol/watch.js";
import { type Reconnect, reconnecting, untilAnswered } from "../follow/reconnect.js";

export interface FinishOptions extends Reconnect {
  /** Wait for the last operation of the chain, not for this one; true by default. */
  chain?: boolean;
  /** Each time another operation of the chain is the one waited for. */
  onLink?: (id: string) => void;
}

/** The record of the operation that finished last. */
export async function finish(client: Client, id: string, options: FinishOptions = {}): Promise<Operation> {
  let view = EMPTY_VIEW;
  let current = id;
  const follow = options.chain === false ? undefined : ("chain" as const);
  const open = () => client.watch({ operation: current, ...(follow && { follow }) }, options.signal);
  for await (const line of reconnecting(open, options)) {
    view = applyWatchLine(view, line);
    if (line.type === "chained") {
      current = line.to;
      options.onLink?.(current);
    }
    if (line.type === "end") {
      const record = view.operations.get(line.id);
      if (record?.state === line.state && !record.omitted) return record;
      return untilAnswered(() => client.show(line.id, options.signal), options);
    }
  }
  throw new Error(`the watch of ${current} ended without an end`);
}
