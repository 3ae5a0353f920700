/**
 * Feeds the queue: an operation joins when it is queued and its time has come, leaves when it is no longer queued,
 * and watchers are told of its place now and then.
 */
import type { Outcome, Submission } from "../../protocol/event.js";
import type { Operation } from "../../protocol/operation.js";
import type { Entry } from "../store/decision.js";
import type { Queue } from "./queue.js";
import { remainingDelay } from "./retry-policy.js";

/** Links that may follow each other at once. */
const BURST = 50;

/** Time for each further link, in ms. */
const INTERVAL_MS = 100;

/** Chains that are remembered before those at rest are looked for. */
const SWEEP_AT = 1000;

/**
 * Bounds on a chain: how many links it may have, and how fast one link may follow another.
 *
 * A type that hands over to itself without end would else take a slot, the journal and the history for good. The first
 * links of a chain start at once; after `BURST` links in a row, one starts every `INTERVAL_MS`.
 */
export class ChainPace {
  /** By chain: when its last link would start if all of them had kept the interval. */
  readonly #dueAt = new Map<string, number>();

  /** Milliseconds that a new link of the chain has to wait. */
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

/** The outcome of a link whose chain has as many links as it may: failed, and no other link follows. */
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
    "raise maxChainLength in the config file, restart the daemon and run liveops retry to go on"
  );
}

/** Operations that wait for the time of their next attempt before they join the queue. */
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

/** Places change with every start; they are told at most this often (ms), and to so many of those that wait. */
const NEWS_MS = 500;
const NEWS_LENGTH = 500;

interface QueueFeedOptions {
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
