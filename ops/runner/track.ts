/**
 * The iterators behind `p.track`, written by hand: a generator costs four times as much an item.
 *
 * Each call of `next` sees a stop that an event brought. The clock, the poll for a stop and the bar come only every
 * `credit` items, and `credit` is 1 as soon as an item takes half a microsecond. Nothing is read ahead.
 */
import type { TrackOptions } from "../sdk/live-operation.js";
import type { Cancellation } from "./cancellation.js";
import type { Counted, Meter } from "./meter.js";

/** Items that may pass without a look at the clock while they are fast: the clock costs 40 ns. */
const MAX_CREDIT = 16;
/** What the items that pass without a look may take together, in ms. */
const UNSEEN_MS = 0.0005;
/** The same of a source that one waits for: its items take a good deal more by themselves. */
const UNSEEN_ASYNC_MS = 0.01;
const MAX_ASYNC_CREDIT = 64;

export function trackSync<T>(
  items: Iterable<T>,
  options: TrackOptions<T>,
  meter: Meter,
  cancellation: Cancellation,
): Iterable<T> {
  return {
    [Symbol.iterator]: () =>
      isPlainArray(items) && options.size === undefined
        ? new ArrayTrack<T>(items, options, meter, cancellation)
        : new IteratorTrack<T>(items, options, meter, cancellation),
  };
}

export function trackAsync<T>(
  items: AsyncIterable<T>,
  options: TrackOptions<T>,
  meter: Meter,
  cancellation: Cancellation,
): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => new AsyncTrack<T>(items, options, meter, cancellation) };
}

/** What the three have in common: the count, and the look around. */
abstract class Track<T> implements Counted {
  abstract readonly done: number;
  readonly total: number | null;
  readonly unit: string | null;
  readonly label: string | null;
  protected credit = 1;
  #grant = 1;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(
    items: unknown,
    options: TrackOptions<T>,
    private readonly meter: Meter,
    protected readonly cancellation: Cancellation,
    private readonly unseen = UNSEEN_MS,
    private readonly most = MAX_CREDIT,
  ) {
    this.total = options.total ?? knownLength(items);
    this.unit = options.unit ?? null;
    this.label = options.label ?? null;
  }

  /** @throws OperationCancelled */
  protected look(): void {
    const now = performance.now();
    const perItem = (now - this.#lookedAt) / this.#grant;
    if (this.#lookedAt < 0) this.meter.count(this);
    else this.meter.touch(now);
    this.#lookedAt = now;
    this.#grant = Math.max(1, Math.min(this.most, 2 * this.#grant, Math.floor(this.unseen / perItem)));
    this.credit = this.#grant;
    this.cancellation.check(now);
  }

  protected end(): void {
    this.meter.touch(performance.now());
  }
}

class ArrayTrack<T> extends Track<T> implements IterableIterator<T> {
  done = 0;
  readonly #items: readonly T[];

  constructor(items: readonly T[], options: TrackOptions<T>, meter: Meter, cancellation: Cancellation) {
    super(items, options, meter, cancellation);
    this.#items = items;
    this.done = -1;
  }

  next(): IteratorResult<T, undefined> {
    const index = ++this.done;
    if (--this.credit <= 0 || this.cancellation.stopped) this.look();
    if (index < this.#items.length) return { value: this.#items[index] as T, done: false };
    this.done = this.#items.length;
    this.end();
    return { value: undefined, done: true };
  }

  return(): IteratorResult<T, undefined> {
    this.end();
    return { value: undefined, done: true };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/** Any other iterable: its own iterator, counted, and closed when the loop is stopped. */
class IteratorTrack<T> extends Track<T> implements IterableIterator<T> {
  done = 0;
  readonly #inner: Iterator<T>;
  readonly #size: ((item: T) => number) | undefined;
  /** What the item in hand counts for, once it is done. */
  #inHand = 0;

  constructor(items: Iterable<T>, options: TrackOptions<T>, meter: Meter, cancellation: Cancellation) {
    super(items, options, meter, cancellation);
    this.#inner = items[Symbol.iterator]();
    this.#size = options.size;
  }

  next(): IteratorResult<T, undefined> {
    this.done += this.#inHand;
    this.#inHand = 0;
    if (--this.credit <= 0 || this.cancellation.stopped) this.#lookOrClose();
    const result = this.#inner.next();
    if (result.done) {
      this.end();
      return { value: undefined, done: true };
    }
    this.#inHand = this.#size === undefined ? 1 : this.#size(result.value);
    return result;
  }

  return(): IteratorResult<T, undefined> {
    this.end();
    this.#inner.return?.();
    return { value: undefined, done: true };
  }

  [Symbol.iterator](): this {
    return this;
  }

  /** A loop does not close an iterator whose `next` throws: we do. */
  #lookOrClose(): void {
    try {
      this.look();
    } catch (stop) {
      this.#inner.return?.();
      throw stop;
    }
  }
}

class AsyncTrack<T> extends Track<T> implements AsyncIterableIterator<T> {
  done = 0;
  readonly #inner: AsyncIterator<T>;
  readonly #size: ((item: T) => number) | undefined;
  #inHand = 0;

  constructor(items: AsyncIterable<T>, options: TrackOptions<T>, meter: Meter, cancellation: Cancellation) {
    super(items, options, meter, cancellation, UNSEEN_ASYNC_MS, MAX_ASYNC_CREDIT);
    this.#inner = items[Symbol.asyncIterator]();
    this.#size = options.size;
  }

  /**
   * While items come fast, the source's own promise: to await each once more would double the cost of a bare `for await`. A stop is
   * then seen when the next item is asked for.
   */
  next(): Promise<IteratorResult<T, undefined>> {
    this.done += this.#inHand;
    this.#inHand = 0;
    if (--this.credit <= 0 || this.cancellation.stopped || this.#size !== undefined)
      return this.#lookAndTake();
    this.#inHand = 1;
    return this.#inner.next();
  }

  async #lookAndTake(): Promise<IteratorResult<T, undefined>> {
    await this.#lookOrClose();
    const result = await this.#inner.next();
    if (result.done) {
      this.end();
      return { value: undefined, done: true };
    }
    // A source that makes one wait for its items may bring the stop along with one.
    if (this.cancellation.stopped) await this.#lookOrClose();
    this.#inHand = this.#size === undefined ? 1 : this.#size(result.value);
    return result;
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.end();
    await this.#inner.return?.();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #lookOrClose(): Promise<void> {
    try {
      this.look();
      // Again, so that a timer sends what is counted until the next look, should none come.
      this.end();
    } catch (stop) {
      await this.#inner.return?.();
      throw stop;
    }
  }
}

function isPlainArray<T>(items: Iterable<T>): items is readonly T[] & Iterable<T> {
  return Array.isArray(items) && items[Symbol.iterator] === Array.prototype[Symbol.iterator];
}

/** How many items there are, where that is known without taking one. */
function knownLength(items: unknown): number | null {
  if (Array.isArray(items)) return items.length;
  if (items instanceof Set || items instanceof Map) return items.size;
  if (ArrayBuffer.isView(items) && !(items instanceof DataView)) return (items as Uint8Array).length;
  return null;
}
