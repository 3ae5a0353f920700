/**
 * The starter: gives queued operations to idle workers, up to the number of slots, and keeps workers warm.
 */
import type { Lifecycle } from "../lifecycle.js";
import type { Loader } from "../loader/loader.js";
import type { Log } from "../log/log.js";
import type { Entry } from "../store/decision.js";
import { attemptDir, type Layout } from "../store/layout.js";
import { NotRecordedError } from "../store/not-recorded.js";
import type { Store } from "../store/store.js";
import type { Containment } from "../worker/containment.js";
import type { OrderMessage } from "../worker/messages.js";
import type { Pool, PooledWorker } from "../worker/pool.js";
import type { Attempt } from "./attempt.js";
import { candidateOf, orderOf } from "./candidate.js";
import type { Claims } from "./claims.js";
import type { BlockedTypes } from "./holds/blocked-types.js";
import type { TypeLimits } from "./holds/type-limits.js";
import type { Queue } from "./queue.js";
import type { Queues } from "./queues.js";
import type { Waiting } from "./waiting.js";

export interface ClaimOptions {
  store: Store;
  lifecycle: Lifecycle;
  claims: Claims;
  loader: Loader;
  queue: Queue;
  queues: Queues;
  layout: Layout;
  log: Log;
  /** Bytes the log of one attempt may take. */
  maxLog: number;
  waiting: Pick<Waiting, "returned">;
  blockedTypes: BlockedTypes;
  typeLimits: TypeLimits;
  containment: Containment;
  /** Whether the spans of an operation are exported; null: no traces. */
  isTraced(id: string): boolean | null;
}

/** Starts operations while it is not paused. */
export interface OperationStarter {
  /** No more operations are started. */
  isPaused: boolean;
  /** As `isPaused`, by a person's wish. */
  isDraining: boolean;
  /** Starts as many operations as possible. Called when the queue, the slots or the workers may have changed. */
  kick(): void;
}

/**
 * Gives a queued operation to an idle worker, once the start is durable.
 *
 * @param begin called when the start is durable: the worker may get its order
 * @returns whether the operation started; if not, the caller returns it to the queue where it is still queued, and the
 *   worker is free
 */
export async function claim(
  id: string,
  worker: PooledWorker,
  slot: number,
  options: ClaimOptions & { isDraining?: () => boolean },
  begin: (entry: Entry, dir: string, order: OrderMessage) => void,
): Promise<boolean> {
  const { claims, layout, log, containment, typeLimits } = options;
  try {
    const candidate = await candidateOf(id, options);
    if (candidate === null) return false;
    const { entry, type, policy } = candidate;
    if (!typeLimits.reserve(entry, policy.concurrency ?? null)) return false;
    worker.prepare(attemptDir(layout, id, entry.nextAttempt));
    const offer = { candidate, worker: worker.identity, slot, mayStart: () => !options.isDraining?.() };
    const started = await claims.next(offer);
    if (!started) return false;
    const notice = containment.limit(worker.identity, policy.limits);
    // An operation that was cancelled and retried during the lookup of its type has a new entry and attempt number.
    const dir = attemptDir(layout, id, started.record.attempt);
    begin(started, dir, orderOf(started, dir, type, options, notice));
    return true;
  } catch (error) {
    if (!(error instanceof NotRecordedError))
      log.error({ err: error, id }, "an operation could not be started");
    return false;
  } finally {
    typeLimits.started(id);
  }
}

export interface StarterOptions extends ClaimOptions {
  pool: Pool;
  /** Running attempts, by operation id. */
  attempts: ReadonlyMap<string, Attempt>;
  /** The start is durable: the worker may get its order. */
  begin(entry: Entry, dir: string, order: OrderMessage, worker: PooledWorker): void;
  /** An operation started, or could not start. */
  onChange(): void;
}

export class Starter implements OperationStarter {
  /** No more operations are started. */
  isPaused = false;
  /** As `isPaused`, by a person's wish. */
  isDraining = false;
  /** Operations that are about to start: the slot of each. */
  readonly #claiming = new Map<string, Slot>();
  #warming: NodeJS.Immediate | null = null;

  constructor(private readonly options: StarterOptions) {}

  /** Starts as many queued operations as there are slots and idle workers. */
  kick(): void {
    if (this.isPaused || this.isDraining) return;
    const { queue, queues, store, pool, typeLimits, layout } = this.options;
    typeLimits.release();
    while (queue.length > 0 && !store.isFull) {
      const slots = this.#slots();
      const isFree = (name: string) => queues.isOpen(name) && slots.busy(name) < queues.concurrency(name);
      const [id] = queue.first(1, isFree);
      if (id === undefined) break;
      const entry = store.ledger.get(id);
      // An edit or a retry queued the operation again while it is about to start. It waits again if that fails.
      if (!entry || this.#claiming.has(id)) {
        queue.take(isFree);
        continue;
      }
      const worker = pool.take(attemptDir(layout, id, entry.nextAttempt));
      if (!worker) break;
      queue.take(isFree);
      const name = entry.record.queue;
      void this.#claim(id, worker, { queue: name, slot: slots.lowest(name) });
    }
    this.#warmSoon();
  }

  /** Directories of the next attempts of the first operations of the queues. */
  #next(count: number, isOpen: (queue: string) => boolean): string[] {
    const { queue, store, layout } = this.options;
    return queue.first(count, isOpen).flatMap((id) => {
      const entry = store.ledger.get(id);
      return entry ? attemptDir(layout, id, entry.nextAttempt) : [];
    });
  }

  async #claim(id: string, worker: PooledWorker, slot: Slot): Promise<void> {
    const { begin, pool, store, waiting, onChange } = this.options;
    this.#claiming.set(id, slot);
    const options = { ...this.options, isDraining: () => this.isDraining };
    const begun = await claim(id, worker, slot.slot, options, (...started) => begin(...started, worker));
    if (!begun) pool.release(worker);
    this.#claiming.delete(id);
    const entry = begun ? undefined : store.ledger.get(id);
    if (entry?.record.state === "queued") waiting.returned(entry);
    this.kick();
    onChange();
  }

  /** Warms workers once in a turn of the event loop. A fork takes milliseconds, so pending answers are sent first. */
  #warmSoon(): void {
    this.#warming ??= setImmediate(() => {
      this.#warming = null;
      if (this.isPaused) return;
      const { queue, queues, pool } = this.options;
      const isOpen = (name: string) => queues.isOpen(name);
      if (queue.length > 0) pool.prepare(this.#next(pool.spare, isOpen));
      pool.warm(this.#wanted());
    });
  }

  /** How many idle workers the operations in the queues can use, and the spare ones. */
  #wanted(): number {
    const { queue, queues, pool } = this.options;
    const slots = this.#slots();
    let startable = 0;
    let waiting = 0;
    for (const name of queues.names()) {
      if (!queues.isOpen(name)) continue;
      const length = queue.lengthOf(name);
      waiting += length;
      startable += Math.min(length, Math.max(0, queues.concurrency(name) - slots.busy(name)));
    }
    return Math.min(waiting, startable + pool.spare);
  }

  /**
   * Slots in use. An outcome that was read mostly frees the slot: the finish is written before the next start, in the
   * same batch where possible.
   */
  #slots(): UsedSlots {
    const used = new UsedSlots();
    for (const { queue, slot } of this.#claiming.values()) used.add(queue, slot);
    for (const { holdsSlot, entry } of this.options.attempts.values())
      if (holdsSlot) used.add(entry.record.queue, entry.record.slot ?? 0);
    return used;
  }
}

/** A numbered place of a queue in which one operation runs. */
interface Slot {
  queue: string;
  /** From 1. */
  slot: number;
}

class UsedSlots {
  readonly #used = new Map<string, number[]>();

  add(queue: string, slot: number): void {
    const used = this.#used.get(queue);
    if (used) used.push(slot);
    else this.#used.set(queue, [slot]);
  }

  busy(queue: string): number {
    return this.#used.get(queue)?.length ?? 0;
  }

  /** The lowest free number of the queue. */
  lowest(queue: string): number {
    const used = new Set(this.#used.get(queue));
    let slot = 1;
    while (used.has(slot)) slot++;
    return slot;
  }
}
