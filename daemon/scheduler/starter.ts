/**
 * The starter: gives queued operations to idle workers, up to the number of slots, and keeps workers warm.
 */
import type { Logger } from "pino";
import { effectiveLimits } from "../../protocol/resource-limits.js";
import type { Lifecycle } from "../lifecycle.js";
import type { Loader } from "../loader/loader.js";
import type { ResolvedType } from "../loader/messages.js";
import type { Containment } from "../os/containment.js";
import type { Entry } from "../store/decision.js";
import { StoreFullError } from "../store/journal.js";
import { attemptDir, type Layout, valuesDir } from "../store/layout.js";
import { payloadFile } from "../store/payloads.js";
import type { Store } from "../store/store.js";
import type { OrderMessage } from "../worker/messages.js";
import type { Pool, PooledWorker } from "../worker/pool.js";
import type { Attempt } from "./attempt.js";
import type { BlockedTypes } from "./blocked-types.js";
import type { Queue } from "./queue.js";

export interface ClaimOptions {
  store: Store;
  lifecycle: Lifecycle;
  loader: Loader;
  queue: Queue;
  layout: Layout;
  log: Logger;
  /** Bytes the log of one attempt may take. */
  maxLog: number;
  blockedTypes: BlockedTypes;
  containment: Containment;
}

/**
 * Gives a queued operation to an idle worker, once the start is durable.
 *
 * @param begin called when the start is durable: the worker may get its order
 * @returns whether the operation started; if not, it is queued again, finished or removed, and the worker is free
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
    // An operation that was cancelled and retried during the lookup of its type has a new entry and attempt number.
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

interface StarterOptions extends ClaimOptions {
  pool: Pool;
  /** Most operations that run at the same time. */
  concurrency: number;
  /** Running attempts, by operation id. */
  attempts: ReadonlyMap<string, Attempt>;
  /** The start is durable: the worker may get its order. */
  begin(entry: Entry, dir: string, order: OrderMessage, worker: PooledWorker): void;
  /** An operation started, or could not start. */
  onChange(): void;
}

export class Starter {
  /** No more operations are started. */
  isPaused = false;
  #claiming = 0;
  #warming: NodeJS.Immediate | null = null;

  constructor(private readonly options: StarterOptions) {}

  /** Starts as many queued operations as there are slots and idle workers. */
  kick(): void {
    if (this.isPaused) return;
    const { queue, concurrency, store, pool } = this.options;
    while (queue.length > 0 && this.#busy() < concurrency && !store.isFull) {
      const [next = ""] = this.#next(1);
      const worker = pool.take(next);
      if (!worker) break;
      const id = queue.take();
      if (id === null) {
        pool.release(worker);
        break;
      }
      void this.#claim(id, worker);
    }
    this.#warmSoon();
  }

  /** Directories of the next attempts of the first queued operations. */
  #next(count: number): string[] {
    const { queue, store, layout } = this.options;
    return queue.first(count).flatMap((id) => {
      const entry = store.ledger.get(id);
      return entry ? attemptDir(layout, id, entry.nextAttempt) : [];
    });
  }

  async #claim(id: string, worker: PooledWorker): Promise<void> {
    const { begin, pool, onChange } = this.options;
    this.#claiming++;
    const begun = await claim(id, worker, this.options, (...started) => begin(...started, worker));
    if (!begun) pool.release(worker);
    this.#claiming--;
    this.kick();
    onChange();
  }

  /** Warms workers once in a turn of the event loop. A fork takes milliseconds, so pending answers are sent first. */
  #warmSoon(): void {
    this.#warming ??= setImmediate(() => {
      this.#warming = null;
      if (this.isPaused) return;
      const { queue, concurrency, pool } = this.options;
      if (queue.length > 0) pool.prepare(this.#next(pool.spare));
      pool.warm(Math.min(queue.length, concurrency - this.#busy() + pool.spare));
    });
  }

  /**
   * Slots in use. An attempt whose outcome was read frees its slot: its finish is written before the next start, in the
   * same batch where possible.
   */
  #busy(): number {
    let running = this.#claiming;
    for (const attempt of this.options.attempts.values()) if (!attempt.outcome) running++;
    return running;
  }
}
