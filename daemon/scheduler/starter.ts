/** Starts queued operations: gives them to idle workers, up to the number of slots, and keeps workers warm. */
import type { Entry } from "../store/decision.js";
import type { Pool, PooledWorker } from "../worker/pool.js";
import type { Attempt } from "./attempt.js";
import { Lending } from "./lending.js";
import { placeOf } from "./queue.js";
import { type Begin, type StartParts, start } from "./start.js";
import { type Slot, UsedSlots } from "./used-slots.js";
import type { WaitEdges } from "./wait-edges.js";

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
  edges: Pick<WaitEdges, "graph">;
  /** An operation started, or could not start. */
  onChange(): void;
}

interface Next {
  entry: Entry;
  slot: Slot;
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
    if (this.isPaused) return;
    const { queue, store, pool, typeLimits } = this.options;
    typeLimits.release();
    while (queue.length > 0 && !store.isFull) {
      const next = this.#next();
      if (next === null) break;
      const worker = pool.take();
      if (!worker) break;
      queue.remove(next.entry.record.id, placeOf(next.entry));
      void this.#start(next.entry.record.id, worker, next.slot);
    }
    this.#warmSoon();
  }

  /** The next operation: one that something waits for, in a lent slot, or the first of the queues with a free slot. */
  #next(): Next | null {
    const { queue, store } = this.options;
    const slots = this.#slots();
    const awaited = this.#awaited(slots);
    if (awaited !== null || this.isDraining) return awaited;
    const isFree = (name: string) => slots.hasFree(name);
    for (;;) {
      const [id] = queue.first(1, isFree);
      if (id === undefined) return null;
      const entry = store.ledger.get(id);
      if (entry && !this.#starting.has(id)) {
        const { queue: name } = entry.record;
        return { entry, slot: { queue: name, slot: slots.lowest(name) } };
      }
      // An edit or a retry queued the operation again while it is about to start. It waits again if that fails.
      queue.take(isFree);
    }
  }

  /** While the host drains, what running operations wait for still starts: otherwise they would not end. */
  #awaited(slots: UsedSlots): Next | null {
    const lending = new Lending(this.options, slots, (id) => this.#starting.has(id));
    for (const entry of lending.ready) {
      const { id, queue } = entry.record;
      const free = this.isDraining && slots.hasFree(queue) ? slots.lowest(queue) : null;
      const slot = slots.lent(queue, lending.lenders(id)) ?? free;
      if (slot !== null) return { entry, slot: { queue, slot } };
    }
    return null;
  }

  async #start(id: string, worker: PooledWorker, slot: Slot): Promise<void> {
    const { pool, store, waiting, onChange } = this.options;
    this.#starting.set(id, slot);
    const isAwaited = this.options.edges.graph.directWaiters(id).length > 0;
    const hasStarted = await start(id, worker, slot.slot, this.options, () => !this.isDraining || isAwaited);
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
    let startable = this.#awaited(slots) === null ? 0 : 1;
    let waiting = 0;
    for (const name of queues.names()) {
      if (!queues.isOpen(name)) continue;
      const length = queue.lengthOf(name);
      waiting += length;
      startable += Math.min(length, slots.free(name));
    }
    return Math.min(waiting, startable + pool.spare);
  }

  /**
   * Slots in use. An outcome that was read mostly frees the slot: the finish is written before the next start, in the
   * same batch where possible.
   */
  #slots(): UsedSlots {
    const { queues, attempts, typeLimits } = this.options;
    const ofQueue = (name: string) => (queues.isOpen(name) ? queues.concurrency(name) : 0);
    const used = new UsedSlots((name) => typeLimits.limitOf(name) ?? ofQueue(name));
    typeLimits.addTo(used);
    for (const [id, slot] of this.#starting) used.add(id, slot);
    for (const { holdsSlot, id, entry } of attempts.values())
      if (holdsSlot) used.add(id, { queue: entry.record.queue, slot: entry.record.slot ?? 0 });
    return used;
  }
}
