/**
 * Starts queued operations: gives them to idle workers, up to the number of slots, and keeps
 * workers warm.
 */
import type { Entry, Submitted } from "../store/decision.js";
import { entryOf } from "../store/ledger.js";
import type { Pool, PooledWorker } from "../worker/pool.js";
import type { Attempt } from "./attempt.js";
import { Lending } from "./lending.js";
import { placeOf } from "./queue.js";
import { type Begin, type StartParts, start } from "./start.js";
import { type Slot, UsedSlots } from "./used-slots.js";
import type { WaitEdges } from "./wait-edges.js";
import type { Waiting } from "./waiting.js";

/** Starts operations while it is not paused. */
export interface OperationStarter {
  /** No more operations are started. */
  isPaused: boolean;
  /**
   * Starts as many operations as possible. Called when the queue, the slots or the workers may have
   * changed.
   */
  kick(): void;
  /**
   * Records a new operation and its start in one write; false: it must wait, and nothing was
   * recorded.
   */
  startNew(submitted: Submitted): Promise<boolean>;
}

export interface StarterOptions extends StartParts {
  pool: Pool;
  /** Running attempts, by operation id. */
  attempts: ReadonlyMap<string, Attempt>;
  begin: Begin;
  waiting: Pick<Waiting, "reasons" | "returned">;
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
  /** Operations that are about to start: the slot of each. */
  readonly #starting = new Map<string, Slot>();
  #warming: NodeJS.Immediate | null = null;

  constructor(private readonly options: StarterOptions) {}

  /** Starts as many queued operations as there are slots and idle workers. */
  kick(): void {
    if (this.isPaused) return;
    const { queue, store, pool } = this.options;
    while (queue.length > 0 && !store.isFull) {
      const next = this.#next();
      if (next === null) break;
      const worker = pool.take();
      if (!worker) break;
      queue.remove(next.entry.record.id, placeOf(next.entry));
      void this.#start(next, worker);
    }
    this.#warmSoon();
  }

  async startNew(submitted: Submitted): Promise<boolean> {
    const entry = entryOf(submitted);
    const slot = this.#slotOfNew(entry);
    const worker = slot && this.options.pool.take();
    if (!worker) return false;
    await this.#start({ entry, slot }, worker, submitted);
    return this.options.store.ledger.get(entry.record.id) !== undefined;
  }

  /**
   * The free slot of its queue; null: it waits, or others wait. An operation after others may have
   * to wait for them. One inside of another takes the slot that is lent to it.
   */
  #slotOfNew(entry: Entry): Slot | null {
    const { queue, store, waiting } = this.options;
    if (this.isPaused || store.isFull || queue.length > 0) return null;
    const { queue: name, after, afterAny, parent } = entry.record;
    if (after || afterAny || parent || waiting.reasons(entry).length > 0) return null;
    const slots = this.#slots();
    return slots.hasFree(name) ? { queue: name, slot: slots.lowest(name) } : null;
  }

  /**
   * The next operation: one that something waits for, in a lent slot, or the first of the queues
   * with a free slot.
   */
  #next(): Next | null {
    const { queue, store } = this.options;
    const slots = this.#slots();
    const awaited = this.#awaited(slots);
    if (awaited !== null) return awaited;
    const isFree = (name: string) => slots.hasFree(name);
    for (;;) {
      const [id] = queue.first(1, isFree);
      if (id === undefined) return null;
      const entry = store.ledger.get(id);
      if (entry && !this.#starting.has(id)) {
        const { queue: name } = entry.record;
        return { entry, slot: { queue: name, slot: slots.lowest(name) } };
      }
      // An edit or a retry queued the operation again while it is about to start. It waits again if
      // that fails.
      queue.take(isFree);
    }
  }

  #awaited(slots: UsedSlots): Next | null {
    const lending = new Lending(this.options, slots, (id) => this.#starting.has(id));
    for (const entry of lending.ready) {
      const { id, queue } = entry.record;
      const slot = slots.lent(queue, lending.lenders(id));
      if (slot !== null) return { entry, slot: { queue, slot } };
    }
    return null;
  }

  /** @param submitted - a new operation, whose start records its submit too */
  async #start(
    { entry, slot }: Next,
    worker: PooledWorker,
    submitted: Submitted | null = null,
  ): Promise<void> {
    const { pool, store, waiting, onChange } = this.options;
    const { id } = entry.record;
    this.#starting.set(id, slot);
    const hasStarted = await start(entry, worker, slot.slot, this.options, submitted);
    if (!hasStarted) pool.release(worker);
    this.#starting.delete(id);
    const now = hasStarted ? undefined : store.ledger.get(id);
    if (now?.record.state === "queued") waiting.returned(now);
    this.kick();
    onChange();
  }

  /**
   * Warms workers once in a turn of the event loop. A fork takes milliseconds, so pending answers
   * are sent first.
   */
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
   * Slots in use. An outcome that was read mostly frees the slot: the finish is written before the
   * next start, in the same batch where possible.
   */
  #slots(): UsedSlots {
    const { queues, attempts } = this.options;
    const used = new UsedSlots((name) => (queues.isOpen(name) ? queues.concurrency(name) : 0));
    for (const [id, slot] of this.#starting) used.add(id, slot);
    for (const { holdsSlot, id, entry } of attempts.values())
      if (holdsSlot) used.add(id, { queue: entry.record.queue, slot: entry.record.slot ?? 0 });
    return used;
  }
}
