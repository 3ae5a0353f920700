/**
 * The iterators of `p.track`, without generators: a generator costs four times as much per item.
 *
 * Each call of `next` detects a stop that an event reported. The clock, the poll for a stop and the
 * bar are updated only every `credit` items; `credit` is 1 if an item takes half a microsecond or
 * more, and where each item needs a lease (`checkLease`). Never reads ahead.
 */
import type { TrackOptions } from "../sdk/live-operation.js";
import type { Counted } from "./bar.js";
import type { Cancellation } from "./cancellation.js";
import type { Meter } from "./meter.js";

/** Most fast items between two reads of the clock, because a read costs 40 ns. */
const MAX_CREDIT = 16;
/** Longest time of all items between two reads of the clock, in ms. */
const UNSEEN_MS = 0.0005;
/** The same for an async source, whose items take much longer. */
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

/** Common base of the iterators: the count, and the update of clock, stop and bar (`look`). */
abstract class Track<T> implements Counted {
  abstract readonly done: number;
  readonly total: number | null;
  readonly unit: string | null;
  readonly label: string | null;
  protected credit = 1;
  #grant = 1;
  readonly #most: number;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(
    items: unknown,
    options: TrackOptions<T>,
    protected readonly meter: Meter,
    protected readonly cancellation: Cancellation,
    private readonly unseen = UNSEEN_MS,
    most = MAX_CREDIT,
  ) {
    this.#most = cancellation.checkLease === null ? most : 1;
    this.total = options.total ?? knownLength(items);
    this.unit = options.unit ?? null;
    this.label = options.label ?? null;
  }

  /** @throws OperationCancelled */
  protected look(now: number = this.meter.clock.now()): void {
    const perItem = (now - this.#lookedAt) / this.#grant;
    if (this.#lookedAt < 0) this.meter.count(this);
    else this.meter.touch(now);
    this.#lookedAt = now;
    this.#grant = Math.max(
      1,
      Math.min(this.#most, 2 * this.#grant, Math.floor(this.unseen / perItem)),
    );
    this.credit = this.#grant;
    this.cancellation.check(now);
  }

  protected end(): void {
    this.meter.touch(this.meter.clock.now());
  }
}

class ArrayTrack<T> extends Track<T> implements IterableIterator<T> {
  done = 0;
  readonly #items: readonly T[];

  constructor(
    items: readonly T[],
    options: TrackOptions<T>,
    meter: Meter,
    cancellation: Cancellation,
  ) {
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

/**
 * Wraps the iterator of any other iterable; counts its items, and closes it when the loop is
 * stopped.
 */
class IteratorTrack<T> extends Track<T> implements IterableIterator<T> {
  done = 0;
  readonly #inner: Iterator<T>;
  readonly #size: ((item: T) => number) | undefined;
  /** Units of the current item, counted when it is done. */
  #inHand = 0;

  constructor(
    items: Iterable<T>,
    options: TrackOptions<T>,
    meter: Meter,
    cancellation: Cancellation,
  ) {
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

  /**
   * Closes the source after a stop, because a loop does not close an iterator whose `next` throws.
   */
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

  constructor(
    items: AsyncIterable<T>,
    options: TrackOptions<T>,
    meter: Meter,
    cancellation: Cancellation,
  ) {
    super(items, options, meter, cancellation, UNSEEN_ASYNC_MS, MAX_ASYNC_CREDIT);
    this.#inner = items[Symbol.asyncIterator]();
    this.#size = options.size;
  }

  /**
   * For fast items, returns the source's own promise, because another await would double the cost
   * of a bare `for await`. A stop is then detected at the next item.
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
    // The stop may have arrived while this awaited the item, and the lease may have ended.
    if (this.cancellation.stopped) await this.#lookOrClose();
    this.cancellation.checkLease?.();
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
      // Starts a timer that sends the count if no other look follows.
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

/** Number of items, if it is known without reading the source. */
export function knownLength(items: unknown): number | null {
  if (Array.isArray(items)) return items.length;
  if (items instanceof Set || items instanceof Map) return items.size;
  if (ArrayBuffer.isView(items) && !(items instanceof DataView))
    return (items as Uint8Array).length;
  return null;
}
