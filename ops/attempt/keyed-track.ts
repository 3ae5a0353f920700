/**
 * The iterators of `p.track` with a `key`: they skip the items that an earlier attempt finished, and remember the others
 * once their bodies have ended.
 *
 * The loop asks for the next item when the body of the last one has ended without an error, so that is when the item is
 * finished. `break` and an error call `return`: the item in hand is then not finished.
 */
import type { TrackOptions } from "../sdk/live-operation.js";
import type { Cancellation } from "./cancellation.js";
import type { ItemKeys, KeyedLoop } from "./item-keys.js";
import { keyText } from "./key-text.js";
import type { Meter } from "./meter.js";
import { knownLength, Track } from "./track.js";

export type KeyedOptions<T> = TrackOptions<T> & Required<Pick<TrackOptions<T>, "key">>;

/** What a keyed loop needs of the attempt. */
export interface KeyedHost {
  meter: Meter;
  cancellation: Cancellation;
  /** The keys of the stage that runs now. */
  keys(): ItemKeys;
  note(text: string): void;
}

export function trackKeyedSync<T>(
  items: Iterable<T>,
  options: KeyedOptions<T>,
  host: KeyedHost,
): Iterable<T> {
  return { [Symbol.iterator]: () => new KeyedTrack<T>(items, options, host) };
}

export function trackKeyedAsync<T>(
  items: AsyncIterable<T>,
  options: KeyedOptions<T>,
  host: KeyedHost,
): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => new AsyncKeyedTrack<T>(items, options, host) };
}

/** Time in ms after which the bar shows how far the skipping is. */
const SHOW_MS = 100;
/** Skipped items between two looks at the clock. */
const SKIPS = 16;

abstract class Keyed<T> extends Track<T> {
  done = 0;
  /** Units of the items that were skipped: they do not count for the rate. */
  skipped = 0;
  protected readonly loop: KeyedLoop;
  readonly #options: KeyedOptions<T>;
  readonly #startedAt: number;
  /** Units of the item in hand. */
  #inHand = 0;
  #index = 0;
  /** Nothing but skipped items until now, so the bar begins with them. */
  #isSkipping = true;

  constructor(items: unknown, options: KeyedOptions<T>, { meter, cancellation, keys, note }: KeyedHost) {
    super(items, options, meter, cancellation);
    if (typeof options.key !== "function") throw new TypeError("p.track: key is a function of the item");
    this.#options = options;
    this.#startedAt = meter.clock.now();
    const known = keys();
    this.loop = known.begin(this.label);
    const { count, attempts } = known.earlier(this.loop);
    if (count > 0) note(finishedText(count, options.size ? knownLength(items) : this.total, attempts));
  }

  /** The loop asks for an item, so the body of the last one has ended. */
  protected finishItem(): void {
    this.done += this.#inHand;
    this.#inHand = 0;
    this.loop.finish();
  }

  /**
   * Stores what is due, and looks where that is due. The clock is read at each item: what is stored when must not depend
   * on how long the items before took.
   *
   * @throws OperationCancelled
   */
  protected lookIfDue(): void {
    const isDue = --this.credit <= 0 || this.cancellation.stopped;
    if (this.#isSkipping && !isDue) return;
    const now = this.meter.clock.now();
    this.loop.tick(now);
    if (!isDue) return;
    if (!this.#isSkipping || now - this.#startedAt > SHOW_MS) this.look(now);
    else {
      this.credit = SKIPS;
      this.cancellation.check(now);
    }
  }

  /** Returns whether the body must run; false: the item was finished before. */
  protected takes(item: T): boolean {
    const { key, size } = this.#options;
    const text = keyText(key(item, this.#index), this.#index);
    this.#index++;
    const units = size === undefined ? 1 : size(item);
    if (!this.loop.take(text)) {
      this.done += units;
      this.skipped += units;
      return false;
    }
    this.#inHand = units;
    if (this.#isSkipping) {
      this.#isSkipping = false;
      this.look();
    }
    return true;
  }

  /** The items are at their end. */
  protected finishAll(): IteratorReturnResult<undefined> {
    if (this.#isSkipping) this.look();
    this.loop.leave();
    this.end();
    return { value: undefined, done: true };
  }

  /** The loop was left. */
  protected leave(): IteratorReturnResult<undefined> {
    this.loop.leave();
    this.end();
    return { value: undefined, done: true };
  }
}

class KeyedTrack<T> extends Keyed<T> implements IterableIterator<T> {
  readonly #inner: Iterator<T>;

  constructor(items: Iterable<T>, options: KeyedOptions<T>, host: KeyedHost) {
    super(items, options, host);
    this.#inner = items[Symbol.iterator]();
  }

  next(): IteratorResult<T, undefined> {
    this.finishItem();
    for (;;) {
      try {
        this.lookIfDue();
      } catch (stop) {
        throw this.#closed(stop);
      }
      const result = this.#inner.next();
      if (result.done) return this.finishAll();
      try {
        if (this.takes(result.value)) return result;
      } catch (thrown) {
        throw this.#closed(thrown);
      }
    }
  }

  return(): IteratorResult<T, undefined> {
    const left = this.leave();
    this.#inner.return?.();
    return left;
  }

  [Symbol.iterator](): this {
    return this;
  }

  /** Closes the source after an error here, because a loop does not close an iterator whose `next` throws. */
  #closed(thrown: unknown): unknown {
    this.loop.leave();
    this.#inner.return?.();
    return thrown;
  }
}

class AsyncKeyedTrack<T> extends Keyed<T> implements AsyncIterableIterator<T> {
  readonly #inner: AsyncIterator<T>;

  constructor(items: AsyncIterable<T>, options: KeyedOptions<T>, host: KeyedHost) {
    super(items, options, host);
    this.#inner = items[Symbol.asyncIterator]();
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    this.finishItem();
    for (;;) {
      await this.#orClose(() => this.lookIfDue());
      const result = await this.#inner.next();
      if (result.done) return this.finishAll();
      // The stop may have arrived while this awaited the item, and the lease may have ended.
      const takes = await this.#orClose(() => {
        if (this.cancellation.stopped) this.look();
        this.cancellation.checkLease?.();
        return this.takes(result.value);
      });
      if (takes) return result;
    }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    const left = this.leave();
    await this.#inner.return?.();
    return left;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #orClose<R>(work: () => R): Promise<R> {
    try {
      return work();
    } catch (thrown) {
      this.loop.leave();
      await this.#inner.return?.();
      throw thrown;
    }
  }
}

function finishedText(count: number, total: number | null, attempts: readonly number[]): string {
  const number = (value: number) => value.toLocaleString("en-US");
  const of = total !== null && total >= count ? ` of ${number(total)}` : "";
  const by =
    attempts.length === 1
      ? `attempt ${attempts[0]}`
      : `attempts ${attempts[0]} ${attempts.length === 2 ? "and" : "to"} ${attempts.at(-1)}`;
  return `${number(count)}${of} item${count === 1 && of === "" ? "" : "s"} finished by ${by}`;
}
