/**
 * Feeds the queue: an operation joins when it is queued and its delay is over, and leaves when it is no longer queued.
 * Sends queue positions to watchers at intervals.
 */
import type { Operation } from "../../protocol/operation.js";
import type { Entry } from "../store/decision.js";
import { ChainPace } from "./chain-bounds.js";
import { placeOf, type Queue } from "./queue.js";
import { remainingDelay } from "./retry-policy.js";

/** Longest timer in ms. Afterwards the wall clock is read again: somebody may have set it, or the machine slept. */
const LONGEST_TIMER_MS = 20_000;

/** Operations that wait for a time before they join the queue. */
class Delays {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  add(id: string, ms: number, then: () => void): void {
    this.remove(id);
    const timer = setTimeout(() => {
      this.#timers.delete(id);
      then();
    }, ms);
    this.#timers.set(id, timer);
  }

  remove(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  get size(): number {
    return this.#timers.size;
  }

  ids(): string[] {
    return [...this.#timers.keys()];
  }

  stop(): void {
    for (const id of [...this.#timers.keys()]) this.remove(id);
  }
}

/** Positions change with every start: they are sent at most this often (ms), for this many operations. */
const NEWS_MS = 500;
const NEWS_LENGTH = 500;

interface QueueFeedOptions {
  queue: Queue;
  entry(id: string): Entry | null;
  /** An operation joined the queue. */
  onReady(): void;
  /** The operation's queue position may have changed. */
  onMoved(entry: Entry): void;
  isWatched(): boolean;
  /** The clock of the store, in ms since 1970. */
  now(): number;
  /** Holds the operation while it waits for other operations; returns whether it does. */
  awaits(entry: Entry): boolean;
  /** Holds the operation where its type is blocked; returns whether it does. */
  hold(entry: Entry): boolean;
  /** Releases a held operation that is no longer queued. */
  unhold(record: Operation): void;
}

export class QueueFeed {
  readonly #delays = new Delays();
  readonly #pace = new ChainPace();
  #news: NodeJS.Timeout | null = null;

  constructor(private readonly options: QueueFeedOptions) {}

  /** Number of operations that wait for a time. */
  get delayed(): number {
    return this.#delays.size;
  }

  /** Ids of the operations that wait for a time. */
  delayedIds(): string[] {
    return this.#delays.ids();
  }

  /** Takes in a change of an operation's record. */
  changed(id: string, before: Operation | null, after: Operation | null): void {
    const entry = this.options.entry(id);
    if (after?.state === "queued" && entry) this.enqueue(entry);
    else if (before?.state === "queued" && entry) this.#leave(entry, before);
    if (after?.state === "queued" || before?.state === "queued") this.#tellPlaces();
  }

  /** Takes in an edit that may have changed the place or the time of a queued operation. */
  edited(entry: Entry, before: Operation): void {
    const { queue, priority, notBefore } = entry.record;
    if (queue === before.queue && priority === before.priority && notBefore === before.notBefore) return;
    this.#leave(entry, before);
    this.#place(entry);
    this.options.onReady();
    this.#tellPlaces();
  }

  enqueue(entry: Entry): void {
    if (!this.options.awaits(entry)) this.#delay(entry, this.#pause(entry));
  }

  /** The operation left the queue and did not start. */
  returned(entry: Entry): void {
    this.#leave(entry, entry.record);
    this.#place(entry);
    this.options.onMoved(entry);
  }

  /** As `enqueue`, for an operation whose chain was slowed down before. */
  #place(entry: Entry): void {
    if (!this.options.awaits(entry)) this.#delay(entry);
  }

  /** The operation no longer waits for other operations. */
  released(entry: Entry): void {
    this.#delay(entry);
    this.options.onMoved(entry);
    this.options.onReady();
  }

  /** The operation's start time may have come. Timers that end at one time do not end in the order of the submits. */
  #startTime(entry: Entry): void {
    this.#delay(entry);
    const now = this.options.now();
    const isDue = ({ record: { notBefore, retryAt } }: Entry) =>
      notBefore !== null && retryAt === null && Date.parse(notBefore) <= now;
    for (const id of isDue(entry) ? this.#delays.ids() : []) {
      const other = this.options.entry(id);
      if (other === null || !isDue(other)) continue;
      this.#delays.remove(id);
      this.#delay(other);
    }
    this.options.onReady();
  }

  /** @param pause in ms */
  #delay(entry: Entry, pause = 0): void {
    const { id, retryAt, notBefore, updatedAt } = entry.record;
    const join = () => {
      this.#join(entry);
      this.options.onReady();
    };
    const untilStart = notBefore === null ? 0 : Date.parse(notBefore) - this.options.now();
    if (untilStart > 0)
      this.#delays.add(id, Math.min(untilStart, LONGEST_TIMER_MS), () => this.#startTime(entry));
    else {
      const delay = retryAt === null ? pause : remainingDelay(retryAt, updatedAt, this.options.now());
      if (delay > 0 || retryAt !== null) this.#delays.add(id, delay, join);
      else this.#join(entry);
    }
  }

  #leave(entry: Entry, before: Operation): void {
    const { id, queue, priority } = before;
    this.#delays.remove(id);
    this.options.queue.remove(id, { queue, priority, queuedAt: entry.queuedAt });
    this.options.unhold(before);
  }

  /** Milliseconds for which a link waits, since its chain runs too fast. */
  #pause({ record: { attempt, chain } }: Entry): number {
    return chain.index === 0 || attempt > 0 ? 0 : this.#pace.delay(chain.id);
  }

  #join(entry: Entry): void {
    if (!this.options.hold(entry)) this.options.queue.add(entry.record.id, placeOf(entry));
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
