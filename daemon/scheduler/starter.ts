/** Starts queued operations: gives them to idle workers, up to the number of slots, and keeps workers warm. */
import type { Pool, PooledWorker } from "../worker/pool.js";
import type { Attempt } from "./attempt.js";
import { type Begin, type StartParts, start } from "./start.js";

/** Starts operations while it is not paused. */
export interface OperationStarter {
  /** No more operations are started. */
  isPaused: boolean;
  /** As `isPaused`, by a person's wish. */
  isDraining: boolean;
  /** Starts as many operations as possible. Called when the queue, the slots or the workers may have changed. */
  kick(): void;
}

export interface StarterOptions extends StartParts {
  pool: Pool;
  /** Running attempts, by operation id. */
  attempts: ReadonlyMap<string, Attempt>;
  begin: Begin;
  /** An operation started, or could not start. */
  onChange(): void;
}

export class Starter implements OperationStarter {
  /** No more operations are started. */
  isPaused = false;
  /** As `isPaused`, by a person's wish. */
  isDraining = false;
  /** Operations that are about to start: the slot of each. */
  readonly #starting = new Map<string, Slot>();
  #warming: NodeJS.Immediate | null = null;

  constructor(private readonly options: StarterOptions) {}

  /** Starts as many queued operations as there are slots and idle workers. */
  kick(): void {
    if (this.isPaused || this.isDraining) return;
    const { queue, queues, store, pool, typeLimits } = this.options;
    typeLimits.release();
    while (queue.length > 0 && !store.isFull) {
      const slots = this.#slots();
      const isFree = (name: string) => queues.isOpen(name) && slots.busy(name) < queues.concurrency(name);
      const [id] = queue.first(1, isFree);
      if (id === undefined) break;
      const entry = store.ledger.get(id);
      // An edit or a retry queued the operation again while it is about to start. It waits again if that fails.
      if (!entry || this.#starting.has(id)) {
        queue.take(isFree);
        continue;
      }
      const worker = pool.take();
      if (!worker) break;
      queue.take(isFree);
      const name = entry.record.queue;
      void this.#start(id, worker, { queue: name, slot: slots.lowest(name) });
    }
    this.#warmSoon();
  }

  async #start(id: string, worker: PooledWorker, slot: Slot): Promise<void> {
    const { pool, store, waiting, onChange } = this.options;
    this.#starting.set(id, slot);
    const hasStarted = await start(id, worker, slot.slot, this.options, () => !this.isDraining);
    if (!hasStarted) pool.release(worker);
    this.#starting.delete(id);
    const entry = hasStarted ? undefined : store.ledger.get(id);
    if (entry?.record.state === "queued") waiting.returned(entry);
    this.kick();
    onChange();
  }

  /** Warms workers once in a turn of the event loop. A fork takes milliseconds, so pending answers are sent first. */
  #warmSoon(): void {
    this.#warming ??= setImmediate(() => {
      this.#warming = null;
      if (this.isPaused) return;
      this.options.pool.warm(this.#wanted());
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
    for (const { queue, slot } of this.#starting.values()) used.add(queue, slot);
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
