/**
 * The starter: gives what is queued to idle workers, as many as there are slots, and keeps workers warm for what comes.
 */
import type { Attempt } from "./attempt.js";
import { type ClaimOptions, claim } from "./claim.js";
import type { Entry } from "./store/decision.js";
import { attemptDir } from "./store/layout.js";
import type { OrderMessage } from "./worker/messages.js";
import type { Pool, PooledWorker } from "./worker/pool.js";

export interface StarterOptions extends ClaimOptions {
  pool: Pool;
  /** How many may run at a time. */
  concurrency: number;
  /** What runs. */
  attempts: ReadonlyMap<string, Attempt>;
  /** Its start is durable: the worker may be told. */
  begin(entry: Entry, dir: string, order: OrderMessage, worker: PooledWorker): void;
  /** Something was started, or could not be. */
  onChange(): void;
}

export class Starter {
  /** Nothing new is started. */
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

  /** Where the next attempts of what is queued will be. */
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

  /** For what comes next. Once a turn, and a fork takes milliseconds: whoever waits for an answer gets it first. */
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
   * Slots taken. One whose outcome was read is free: its finishing is written before the start of what comes next,
   * in the same batch where that can be.
   */
  #busy(): number {
    let running = this.#claiming;
    for (const attempt of this.options.attempts.values()) if (!attempt.outcome) running++;
    return running;
  }
}
