/**
 * Feeds the queue: an operation joins when it is queued and its delay is over, and leaves when it is no longer queued.
 * Sends queue positions to watchers at intervals. Bounds the length and the pace of chains.
 */
import type { Outcome, Submission } from "../../protocol/event.js";
import type { Operation } from "../../protocol/operation.js";
import type { Entry } from "../store/decision.js";
import type { Queue } from "./queue.js";
import { remainingDelay } from "./retry-policy.js";

/** Links that may start without a delay. */
const BURST = 50;

/** Delay of each further link, in ms. */
const INTERVAL_MS = 100;

/** Number of remembered chains above which idle chains are removed. */
const SWEEP_AT = 1000;

/**
 * Bounds how fast the links of a chain follow each other.
 *
 * Otherwise a type that hands over to itself without end would occupy a slot and fill the journal and the history. The
 * first links of a chain start at once; after `BURST` links in a row, a link starts every `INTERVAL_MS`.
 */
export class ChainPace {
  /** By chain: when its last link would start if all links had kept the interval. */
  readonly #dueAt = new Map<string, number>();

  /** Milliseconds for which a new link of the chain must wait. */
  delay(chainId: string, now = performance.now()): number {
    const due = Math.max(now, (this.#dueAt.get(chainId) ?? 0) + INTERVAL_MS);
    this.#dueAt.set(chainId, due);
    if (this.#dueAt.size > SWEEP_AT) this.#sweep(now);
    return Math.max(0, due - now - BURST * INTERVAL_MS);
  }

  #sweep(now: number): void {
    for (const [id, due] of this.#dueAt) if (due <= now) this.#dueAt.delete(id);
  }
}

/** Fails a link that would exceed the chain's maximum length; no other link follows. */
export function boundedChain(outcome: Outcome, maxLength: number): Outcome {
  const { next } = outcome;
  if (!next || next.chain.index < maxLength) return outcome;
  return {
    state: "failed",
    result: outcome.result,
    error: { code: "LIVEOPS_CHAIN_TOO_LONG", message: tooLong(next, maxLength), stack: null },
    next: null,
  };
}

function tooLong({ op }: Submission, maxLength: number): string {
  const links = maxLength === 1 ? "1 operation" : `${maxLength} operations`;
  return (
    `the chain has ${links}, the most that maxChainLength allows, so ${op} was not started; ` +
    "raise maxChainLength in the config file, restart the daemon and run liveops retry to continue"
  );
}

/** Operations that wait for their next attempt's start time before they join the queue. */
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

  /** Takes in a change of an operation's record. */
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

  /** Milliseconds for which a link waits, since its chain runs too fast. */
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
