/**
 * Stores finished items in batches, and at once if items take longer than that. A sync follows every second.
 *
 * A failure must not fail the work: the items may be done again, and the log says so. On a full disk they wait in
 * memory.
 */
import { isDiskFull } from "../../protocol/system/replace-file.js";
import type { Clock } from "./clock.js";
import type { FinishedItems } from "./sink.js";

/** Most items of a batch, because it is one line. */
const BATCH = 8192;

const SYNC_MS = 1000;
/** Part of the time that may be spent with syncs, on a slow disk. */
const SYNC_SHARE = 0.05;

export class ItemWriter {
  /** Null: closed. */
  #store: FinishedItems | null;
  #pending: string[] = [];
  #writtenAt = Number.NEGATIVE_INFINITY;
  #syncedAt: number;
  #syncEvery = SYNC_MS;
  #isSynced = true;

  constructor(
    store: FinishedItems,
    private readonly onFailure: (reason: string) => void,
    private readonly clock: Clock,
  ) {
    this.#store = store;
    this.#syncedAt = clock.now();
  }

  add(key: string): void {
    if (this.#store !== null) this.#pending.push(key);
  }

  /** Call often: stores what is due. */
  tick(now: number): void {
    if (this.#store === null) return;
    if (now - this.#writtenAt >= this.#store.everyMs) this.#write(now);
    if (!this.#isSynced && now - this.#syncedAt >= this.#syncEvery) this.#sync(now);
  }

  /** Stores everything. Later items are not stored. */
  end(): void {
    const now = this.clock.now();
    this.#write(now);
    this.#sync(now);
    this.#close();
  }

  /** Removes everything, of earlier attempts too. */
  discard(): void {
    const store = this.#store;
    this.#close();
    if (store !== null) this.#guarded(() => store.discard());
  }

  #write(now: number): void {
    const store = this.#store;
    if (store === null || this.#pending.length === 0) return;
    this.#writtenAt = now;
    this.#guarded(() => {
      while (this.#pending.length > 0) {
        store.append(this.#pending.slice(0, BATCH));
        this.#pending = this.#pending.slice(BATCH);
        this.#isSynced = false;
      }
    });
  }

  #sync(now: number): void {
    const store = this.#store;
    if (store === null || this.#isSynced) return;
    this.#guarded(() => {
      store.sync();
      this.#isSynced = true;
    });
    this.#syncedAt = this.clock.now();
    this.#syncEvery = Math.max(SYNC_MS, (this.#syncedAt - now) / SYNC_SHARE);
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.onFailure((error as Error).message);
      if (!isDiskFull(error)) this.#close();
    }
  }

  #close(): void {
    const store = this.#store;
    this.#store = null;
    this.#pending = [];
    try {
      store?.close();
    } catch {
      // What was written is in the file.
    }
  }
}
