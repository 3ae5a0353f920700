/**
 * The loops of `p.track` with a `key`: they skip the items that an earlier attempt finished, and
 * remember the others once their bodies have ended.
 *
 * The loop asks for the next item when the body of the last one has ended without an error, so that
 * is when the item is finished. `break` and an error end the generator: the item in hand is then
 * not finished.
 */
import { inspect } from "node:util";
import type { TrackOptions } from "../sdk/live-operation.js";
import type { Counted } from "./bar.js";
import type { Cancellation } from "./cancellation.js";
import type { ItemKeys, OpenLoop } from "./item-keys.js";
import type { Meter } from "./meter.js";
import { knownLength } from "./track.js";

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
  return {
    *[Symbol.iterator]() {
      const loop = new KeyedLoop(items, options, host);
      try {
        loop.look();
        for (const item of items) {
          if (loop.takes(item)) yield item;
          loop.finishItem();
        }
        loop.show();
      } finally {
        loop.end();
      }
    },
  };
}

export function trackKeyedAsync<T>(
  items: AsyncIterable<T>,
  options: KeyedOptions<T>,
  host: KeyedHost,
): AsyncIterable<T> {
  return {
    async *[Symbol.asyncIterator]() {
      const loop = new KeyedLoop(items, options, host);
      try {
        loop.look();
        for await (const item of items) {
          // The stop may have arrived while this awaited the item, and the lease may have ended.
          host.cancellation.check();
          if (loop.takes(item)) yield item;
          loop.finishItem();
        }
        loop.show();
      } finally {
        loop.end();
      }
    },
  };
}

/** Time in ms after which the bar shows how far the skipping is. */
const SHOW_MS = 100;

class KeyedLoop<T> implements Counted, OpenLoop {
  done = 0;
  /** Units of the items that were skipped: they do not count for the rate. */
  skipped = 0;
  readonly total: number | null;
  readonly unit: string | null;
  readonly label: string | null;
  item: string | null = null;
  inner = new Map<string, number>();
  readonly #keys: ItemKeys;
  readonly #id: string;
  /** Items of each key. */
  readonly #counts = new Map<string, number>();
  readonly #startedAt: number;
  /** Units of the item in hand. */
  #inHand = 0;
  #index = 0;
  #isShown = false;

  constructor(
    items: unknown,
    private readonly options: KeyedOptions<T>,
    private readonly host: KeyedHost,
  ) {
    const length = knownLength(items);
    const { unit = null, label = null, size } = options;
    this.total = options.total ?? length;
    this.unit = unit;
    this.label = label;
    if (typeof options.key !== "function")
      throw new TypeError("p.track: key is a function of the item");
    this.#startedAt = host.meter.clock.now();
    this.#keys = host.keys();
    const { id, count, attempts } = this.#keys.begin(this, label ?? "", length);
    this.#id = id;
    if (count > 0) host.note(finishedText(count, size ? length : this.total, attempts));
  }

  /**
   * Stores what is due, and shows the count: once an item is not skipped, or the skipping takes
   * long.
   *
   * @throws OperationCancelled
   */
  look(): void {
    const { meter, cancellation } = this.host;
    const now = meter.clock.now();
    this.#keys.tick(now);
    if (this.#isShown) meter.touch(now);
    else if (now - this.#startedAt > SHOW_MS) this.show();
    cancellation.check(now);
  }

  /** Returns whether the body must run; false: the item was finished before. */
  takes(item: T): boolean {
    const { key, size } = this.options;
    const text = keyText(key(item, this.#index), this.#index);
    this.#index++;
    const units = size === undefined ? 1 : size(item);
    const nth = (this.#counts.get(text) ?? 0) + 1;
    this.#counts.set(text, nth);
    const taken = this.#keys.take(this.#id, text, nth);
    if (taken === null) {
      this.done += units;
      this.skipped += units;
      return false;
    }
    this.item = taken;
    this.inner = new Map();
    this.#inHand = units;
    this.show();
    return true;
  }

  /** The loop asks for an item, so the body of the last one has ended. */
  finishItem(): void {
    this.done += this.#inHand;
    this.#inHand = 0;
    if (this.item !== null) this.#keys.finish(this.item);
    this.item = null;
    this.look();
  }

  /** The loop has ended, or was left. An item in hand is not finished. */
  end(): void {
    const { meter } = this.host;
    this.item = null;
    this.#keys.leave(this);
    meter.touch(meter.clock.now());
  }

  show(): void {
    if (!this.#isShown) this.host.meter.count(this);
    this.#isShown = true;
  }
}

/** @throws TypeError if the value that the author's function returned is no key */
function keyText(key: unknown, index: number): string {
  if (typeof key === "string") return key;
  if (typeof key === "number" && Number.isFinite(key)) return String(key);
  let hint = typeof key === "bigint" ? "; use String(id)" : "";
  if (typeof (key as { then?: unknown } | null)?.then === "function")
    hint = "; the function must not be async";
  const shown = inspect(key, { depth: 0 }).slice(0, 60);
  throw new TypeError(
    `p.track: the key of item ${index + 1} is ${shown}, not a text or a finite number${hint}`,
  );
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
