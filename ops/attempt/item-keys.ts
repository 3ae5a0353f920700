/**
 * Remembers which items of tracked loops are finished, for later attempts: of one run of a stage's block, or of the code
 * outside of stages.
 *
 * An item is known by its loop and its key. A loop is known by its label and its number among the loops of that label;
 * a loop inside the body of another keyed loop by the item in hand as well. So the loop of the third file is that loop
 * in each attempt, however many files are skipped. The second item with a key is an item of its own: the n-th item
 * with a key in one attempt is the n-th in the next.
 */
import { inspect } from "node:util";
import type { Clock } from "./clock.js";
import { type ItemRecords, RECORD } from "./item-batch.js";
import { ItemWriter } from "./item-writer.js";
import { hashed, hashKey } from "./key-hash.js";
import { FINISHED, KeySet, SEEN } from "./key-set.js";
import type { FinishedItems } from "./sink.js";

/** Most items of a stage that are remembered: some 100 MB of memory, and 60 to 100 MB on the disk. */
const MOST_ITEMS = 5_000_000;

/** Items that earlier attempts finished of a loop outside of other keyed loops. */
interface Earlier {
  count: number;
  attempts: Set<number>;
}

export class ItemKeys {
  readonly #keys: KeySet;
  /** By the first half of the loop's hash. */
  readonly #earlier = new Map<number, Earlier>();
  /** Loops that have begun, the innermost last. */
  readonly #open: KeyedLoop[] = [];
  /** Loops outside of other keyed loops, by label. */
  readonly #roots = new Map<string, number>();
  readonly #noted = new Set<string>();
  readonly #writer: ItemWriter | null;

  /**
   * @param store - null: nothing is stored, as in `liveops run`
   * @param note - adds a line to the log
   * @param most - most items to remember
   */
  constructor(
    store: FinishedItems | null,
    private readonly note: (text: string) => void,
    clock: Clock,
    most = MOST_ITEMS,
  ) {
    this.#keys = new KeySet(most);
    const onFailure = (reason: string) =>
      this.#noteOnce(`finished items cannot be stored, so a later attempt may do them again: ${reason}`);
    this.#writer = store === null ? null : new ItemWriter(store, onFailure, clock);
    try {
      for (const { attempt, records } of store?.load() ?? []) this.#load(attempt, records);
    } catch (error) {
      note(`finished items cannot be read, so they may be done again: ${(error as Error).message}`);
    }
  }

  /** Begins a loop. */
  begin(label: string | null): KeyedLoop {
    const outer = this.#open.findLast((loop) => loop.hasItem) ?? null;
    const name = label ?? "";
    const counts = outer?.inner ?? this.#roots;
    const number = (counts.get(name) ?? 0) + 1;
    counts.set(name, number);
    hashKey(`${number} ${name}`, outer?.high ?? 0, outer?.low ?? 0);
    const loop = new KeyedLoop(this, hashed.high, hashed.low, outer !== null);
    this.#open.push(loop);
    return loop;
  }

  /** What earlier attempts finished of the loop. */
  earlier(loop: KeyedLoop): { count: number; attempts: number[] } {
    const { count = 0, attempts = [] } = (loop.isInner ? undefined : this.#earlier.get(loop.seedHigh)) ?? {};
    return { count, attempts: [...attempts] };
  }

  /** Marks the item as met. Returns its marks before. */
  meet(high: number, low: number): number {
    if (this.#keys.isFull)
      this.#noteOnce(`only the first ${this.#keys.size} items of a stage are remembered for later attempts`);
    return this.#keys.mark(high, low, SEEN);
  }

  noteTwice(key: string): void {
    this.#noteOnce(
      `p.track: several items have the key ${inspect(key).slice(0, 60)}; a later attempt skips as many of them as were finished`,
    );
  }

  leave(loop: KeyedLoop): void {
    const place = this.#open.lastIndexOf(loop);
    if (place !== -1) this.#open.splice(place, 1);
  }

  finish(loop: KeyedLoop): void {
    if (!this.#keys.isFull) this.#writer?.add(loop.isInner ? 0 : loop.seedHigh, loop.high, loop.low);
  }

  /** Call often: stores what is due. */
  tick(now: number): void {
    this.#writer?.tick(now);
  }

  /** The block ended and may run again in a later attempt: stores everything. Later items are not remembered. */
  end(): void {
    this.#writer?.end();
  }

  /** The stage is done, and its value is stored. */
  discard(): void {
    this.#writer?.discard();
  }

  #load(attempt: number, records: ItemRecords): void {
    for (let at = 0; at < records.length; at += RECORD) {
      if (this.#keys.mark(records[at + 1]!, records[at + 2]!, FINISHED) !== 0) continue;
      const loop = records[at]!;
      const earlier = this.#earlier.get(loop) ?? { count: 0, attempts: new Set() };
      this.#earlier.set(loop, earlier);
      earlier.count++;
      earlier.attempts.add(attempt);
    }
  }

  #noteOnce(text: string): void {
    // One note of each kind.
    const kind = text.slice(0, 20);
    if (this.#noted.has(kind)) return;
    this.#noted.add(kind);
    this.note(text);
  }
}

/** One run of a tracked loop with a `key`. */
export class KeyedLoop {
  /** Hash of the item in hand. */
  high = 0;
  low = 0;
  /** Loops inside the body of the item in hand, by label. */
  inner = new Map<string, number>();
  /** Its body runs. */
  hasItem = false;
  /** Items of each key that several items have. */
  #counts: Map<string, number> | null = null;

  constructor(
    private readonly keys: ItemKeys,
    readonly seedHigh: number,
    readonly seedLow: number,
    readonly isInner: boolean,
  ) {}

  /** Takes an item in hand. Returns false if an earlier attempt finished it: its body must not run. */
  take(key: string): boolean {
    let marks = this.#meet(key, this.seedHigh, this.seedLow);
    if ((marks & SEEN) !== 0) marks = this.#meetAgain(key);
    if ((marks & FINISHED) !== 0) return false;
    if (this.inner.size > 0) this.inner = new Map();
    this.hasItem = true;
    return true;
  }

  /** The body of the item in hand has ended. */
  finish(): void {
    if (!this.hasItem) return;
    this.keys.finish(this);
    this.hasItem = false;
  }

  /** The loop has ended. An item in hand is not finished. */
  leave(): void {
    this.hasItem = false;
    this.keys.leave(this);
  }

  tick(now: number): void {
    this.keys.tick(now);
  }

  #meet(key: string, high: number, low: number): number {
    hashKey(key, high, low);
    this.high = hashed.high;
    this.low = hashed.low;
    return this.keys.meet(this.high, this.low);
  }

  #meetAgain(key: string): number {
    this.keys.noteTwice(key);
    this.#counts ??= new Map();
    let marks: number;
    let count = this.#counts.get(key) ?? 1;
    // Another hash for each; one that is taken by a different key is passed over.
    do marks = this.#meet(key, this.seedHigh ^ count, this.seedLow ^ ++count);
    while ((marks & SEEN) !== 0);
    this.#counts.set(key, count);
    return marks;
  }
}
