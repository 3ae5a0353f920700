/**
 * Feeds the queue: an operation joins when it is queued and its time has come, leaves when it is no longer queued,
 * and watchers are told of its place now and then.
 */
import type { Operation } from "../protocol/operation.js";
import { ChainPace } from "./chain-pace.js";
import { Delays } from "./delays.js";
import type { Queue } from "./queue.js";
import { remainingDelay } from "./retry.js";
import type { Entry } from "./store/decision.js";

/** Places change with every start; they are told at most this often (ms), and to so many of those that wait. */
const NEWS_MS = 500;
const NEWS_LENGTH = 500;

export interface QueueFeedOptions {
  queue: Queue;
  entry(id: string): Entry | null;
  /** An operation joined the queue at its time. */
  onReady(): void;
  /** Its place may have changed. */
  onMoved(entry: Entry): void;
  isWatched(): boolean;
  /** Whether the operation waits elsewhere, since its type does not load. */
  hold(entry: Entry): boolean;
  /** An operation that may wait there is no longer queued. */
  unhold(record: Operation): void;
}

export class QueueFeed {
  readonly #delays = new Delays();
  readonly #pace = new ChainPace();
  #news: NodeJS.Timeout | null = null;

  constructor(private readonly options: QueueFeedOptions) {}

  /** An operation's record went from `before` to `after`. */
  changed(id: string, before: Operation | null, after: Operation | null): void {
    const entry = this.options.entry(id);
    if (after?.state === "queued" && entry) this.enqueue(entry);
    else if (before?.state === "queued" && entry) {
      this.#delays.remove(id);
      this.options.queue.remove(id, entry.queuedAt);
      this.options.unhold(before);
    }
    if (after?.state === "queued" || before?.state === "queued") this.#tellPlaces();
  }

  enqueue(entry: Entry): void {
    const { id, retryAt, updatedAt } = entry.record;
    const join = () => {
      this.#join(entry);
      this.options.onReady();
    };
    const delay = retryAt === null ? this.#pause(entry) : remainingDelay(retryAt, updatedAt);
    if (delay > 0 || retryAt !== null) this.#delays.add(id, delay, join);
    else this.#join(entry);
  }

  /** Milliseconds that a link waits which follows others of its chain too fast. */
  #pause({ record: { attempt, chain } }: Entry): number {
    return chain.index === 0 || attempt > 0 ? 0 : this.#pace.delay(chain.id);
  }

  #join(entry: Entry): void {
    if (!this.options.hold(entry)) this.options.queue.add(entry.record.id, entry.queuedAt);
  }

  stop(): void {
    this.#delays.stop();
    if (this.#news) clearTimeout(this.#news);
  }

  #tellPlaces(): void {
    if (this.#news || !this.options.isWatched()) return;
    this.#news = setTimeout(() => {
      this.#news = null;
      for (const id of this.options.queue.first(NEWS_LENGTH)) {
        const entry = this.options.entry(id);
        if (entry) this.options.onMoved(entry);
      }
    }, NEWS_MS);
  }
}
