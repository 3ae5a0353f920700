/**
 * Remembers which items of tracked loops are finished, for later attempts: of one run of a stage's block, or of the code
 * outside of stages.
 *
 * An item is known by its loop and its key. A loop is known by its label and its number among the loops of that label;
 * a loop inside the body of another keyed loop by the item in hand as well. So the loop of the third file is that loop
 * in each attempt, however many files are skipped. The second item with a key is an item of its own: the n-th item
 * with a key in one attempt is the n-th in the next.
 *
 * Keys are stored as digests, so a key may be long, and a secret in a key is in no file.
 */
import { hash } from "node:crypto";
import { inspect } from "node:util";
import type { Clock } from "./clock.js";
import { ItemWriter } from "./item-writer.js";
import type { FinishedItems } from "./sink.js";

/** Most items of a stage that have a key, those of earlier attempts included. */
const MOST_ITEMS = 100_000;

/** Characters of a digest. A stored key is the digest of the loop, and that of the item. */
const DIGEST = 16;

/** Items that earlier attempts finished of a loop outside of other keyed loops. */
interface Earlier {
  count: number;
  attempts: Set<number>;
}

export class ItemKeys {
  readonly #finished = new Set<string>();
  readonly #earlier = new Map<string, Earlier>();
  /** Loops that have begun, the innermost last. */
  readonly #open: KeyedLoop[] = [];
  /** Loops outside of other keyed loops, by label. */
  readonly #roots = new Map<string, number>();
  readonly #noted = new Set<string>();
  readonly #writer: ItemWriter | null;
  /** Items of earlier attempts, and of this one. */
  #count: number;

  /**
   * @param store - null: nothing is stored, as in `liveops run`
   * @param note - adds a line to the log
   * @param most - most items
   */
  constructor(
    store: FinishedItems | null,
    private readonly note: (text: string) => void,
    clock: Clock,
    private readonly most = MOST_ITEMS,
  ) {
    const onFailure = (reason: string) =>
      this.#noteOnce(`finished items cannot be stored, so a later attempt may do them again: ${reason}`);
    this.#writer = store === null ? null : new ItemWriter(store, onFailure, clock);
    try {
      for (const { attempt, keys } of store?.load() ?? []) this.#load(attempt, keys);
    } catch (error) {
      note(`finished items cannot be read, so they may be done again: ${(error as Error).message}`);
    }
    this.#count = this.#finished.size;
  }

  /**
   * Begins a loop.
   *
   * @param length - number of its items; null: not known yet
   * @throws RangeError if it has too many
   */
  begin(label: string | null, length: number | null): KeyedLoop {
    if (length !== null && length > this.most) throw this.#tooMany();
    const outer = this.#open.findLast((loop) => loop.item !== null) ?? null;
    const name = label ?? "";
    const counts = outer?.inner ?? this.#roots;
    const number = (counts.get(name) ?? 0) + 1;
    counts.set(name, number);
    const loop = new KeyedLoop(this, digest(`${outer?.item ?? ""} ${number} ${name}`), outer !== null);
    this.#open.push(loop);
    return loop;
  }

  /** What earlier attempts finished of the loop. */
  earlier(loop: KeyedLoop): { count: number; attempts: number[] } {
    const { count = 0, attempts = [] } = (loop.isInner ? undefined : this.#earlier.get(loop.id)) ?? {};
    return { count, attempts: [...attempts] };
  }

  /**
   * Whether an earlier attempt finished the item. Otherwise this attempt does it.
   *
   * @throws RangeError if there are too many
   */
  isFinished(item: string): boolean {
    if (this.#finished.has(item)) return true;
    this.#count++;
    if (this.#count > this.most) throw this.#tooMany();
    return false;
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

  finish(item: string): void {
    this.#writer?.add(item);
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

  #load(attempt: number, keys: readonly string[]): void {
    for (const key of keys) {
      if (this.#finished.has(key)) continue;
      this.#finished.add(key);
      const loop = key.slice(0, DIGEST);
      const earlier = this.#earlier.get(loop) ?? { count: 0, attempts: new Set() };
      this.#earlier.set(loop, earlier);
      earlier.count++;
      earlier.attempts.add(attempt);
    }
  }

  #tooMany(): RangeError {
    const most = this.most.toLocaleString("en-US");
    return new RangeError(
      `p.track: a stage can have at most ${most} items with a key; let each item be a batch, or leave out the key`,
    );
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
  /** The item whose body runs. */
  item: string | null = null;
  /** Loops inside the body of the item in hand, by label. */
  inner = new Map<string, number>();
  /** Items of each key. */
  readonly #counts = new Map<string, number>();

  constructor(
    private readonly keys: ItemKeys,
    readonly id: string,
    readonly isInner: boolean,
  ) {}

  /**
   * Takes an item in hand. Returns false if an earlier attempt finished it: its body must not run.
   *
   * @throws RangeError if there are too many
   */
  take(key: string): boolean {
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    if (count > 1) this.keys.noteTwice(key);
    const item = this.id + digest(`${this.id} ${count} ${key}`);
    if (this.keys.isFinished(item)) return false;
    this.inner = new Map();
    this.item = item;
    return true;
  }

  /** The body of the item in hand has ended. */
  finish(): void {
    if (this.item !== null) this.keys.finish(this.item);
    this.item = null;
  }

  /** The loop has ended. An item in hand is not finished. */
  leave(): void {
    this.item = null;
    this.keys.leave(this);
  }

  tick(now: number): void {
    this.keys.tick(now);
  }
}

function digest(text: string): string {
  return hash("sha256", text, "base64url").slice(0, DIGEST);
}
