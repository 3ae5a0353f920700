/** Claiming: a queued operation is given to an idle worker, once its start is durable. */
import { effectiveLimits } from "../protocol/resource-limits.js";
import type { ExecutorOptions } from "./executor.js";
import type { ResolvedType } from "./loader/messages.js";
import type { Entry } from "./store/decision.js";
import { StoreFullError } from "./store/journal.js";
import { attemptDir, type Layout, valuesDir } from "./store/layout.js";
import { payloadFile } from "./store/payloads.js";
import type { OrderMessage } from "./worker/messages.js";
import type { PooledWorker } from "./worker/pool.js";

export type ClaimOptions = Pick<
  ExecutorOptions,
  "store" | "lifecycle" | "layout" | "loader" | "queue" | "log" | "maxLog" | "blockedTypes" | "containment"
>;

/**
 * @param begin called when the start is durable: the worker may be told
 * @returns whether it was; where not, the operation is queued again, finished or gone, and the worker is free
 */
export async function claim(
  id: string,
  worker: PooledWorker,
  options: ClaimOptions,
  begin: (entry: Entry, dir: string, order: OrderMessage) => void,
): Promise<boolean> {
  const { store, lifecycle, layout, loader, log, blockedTypes, containment } = options;
  try {
    const entry = store.ledger.get(id);
    if (entry?.record.state !== "queued") return false;
    const { op } = entry.record;
    const type = await loader.resolve(op).catch((error: Error) => ({ reason: error.message }));
    if ("reason" in type) {
      blockedTypes.block(op, type.reason, "loader");
      putBack(id, options);
      return false;
    }
    worker.prepare(attemptDir(layout, id, entry.nextAttempt));
    const limits = effectiveLimits(type.policy.limits, entry.record.limits);
    const policy = limits ? { ...type.policy, limits } : type.policy;
    const started = await lifecycle.start(id, worker.identity, policy);
    if (!started) return false;
    const notice = containment.limit(worker.identity, limits);
    // Cancelled and retried while its type was looked up, it has another entry and another number by now.
    const dir = attemptDir(layout, id, started.record.attempt);
    begin(started, dir, orderOf(started, dir, type, layout, options.maxLog, notice));
    return true;
  } catch (error) {
    putBack(id, options);
    if (!(error instanceof StoreFullError))
      log.error({ err: error, id }, "an operation could not be started");
    return false;
  }
}

function orderOf(
  entry: Entry,
  attemptDir: string,
  { file, policy }: ResolvedType,
  layout: Layout,
  maxLog: number,
  notice: string | null,
): OrderMessage {
  const { id, omitted } = entry.record;
  return {
    type: "order",
    entry,
    paramsFile: omitted?.params === undefined ? null : payloadFile(layout.payloads, id, "params"),
    file,
    attemptDir,
    maxLog,
    valuesDir: policy.resumable ? valuesDir(layout, id) : null,
    notice,
  };
}

function putBack(id: string, { store, queue, blockedTypes }: ClaimOptions): void {
  const entry = store.ledger.get(id);
  if (entry?.record.state === "queued" && !blockedTypes.hold(entry)) queue.add(id, entry.queuedAt);
}
