/**
 * The finished items of tracked loops, for later attempts: of one run of a stage's block, or of the
 * code outside of stages.
 *
 * An item is known by its loop and its key. A loop is known by its label and its number among the
 * loops of that label; a loop inside the body of another keyed loop also by the item in hand. So
 * the loop of the third file is that loop in each attempt, however many files are skipped. The n-th
 * item with a key in one attempt is the n-th in the next.
 *
 * Keys are stored as digests, so a key may be long, and a secret in a key is in no file. They are
 * stored in batches, at once if items take longer than that, with a sync every second. A failure
 * must not fail the work: the items may be done again, and the log says so. On a full disk they
 * wait in memory.
 */
import { hash } from "node:crypto";
import { inspect } from "node:util";
import { isDiskFull } from "../../protocol/system/replace-file.js";
import type { Clock } from "./clock.js";
import type { FinishedItems } from "./sink.js";

/** Most items of a stage that have a key, those of earlier attempts included. */
const MOST_ITEMS = 100_000;
/** Characters of a digest. A stored key is the digest of the loop, and that of the item. */
const DIGEST = 16;
/** Most items of a batch, because it is one line. */
const BATCH = 8192;
const SYNC_MS = 1000;
/** Part of the time that may be spent with syncs, on a slow disk. */
const SYNC_SHARE = 0.05;

/** A keyed loop that runs. */
export interface OpenLoop {
  /** The item whose body runs. */
  item: string | null;
  /** Loops inside that body, by label. */
  inner: Map<string, number>;
}

export class ItemKeys {
  readonly #finished = new Set<string>();
  /** What earlier attempts finished of the loops outside of other keyed loops. */
  readonly #earlier = new Map<string, { count: number; attempts: Set<number> }>();
  /** The innermost last. */
  readonly #open: OpenLoop[] = [];
  /** Loops outside of other keyed loops, by label. */
  readonly #roots = new Map<string, number>();
  readonly #noted = new Set<string>();
  /** Items of earlier attempts, and of this one. */
  #count: number;
  /** Null: nothing is stored, or no longer. */
  #store: FinishedItems | null;
  #pending: string[] = [];
  #writtenAt = Number.NEGATIVE_INFINITY;
  #syncedAt: number;
  #syncEvery = SYNC_MS;
  #isSynced = true;

  /**
   * @param store - null: nothing is stored, as in `liveops run`
   * @param note - adds a line to the log
   * @param most - most items
   */
  constructor(
    store: FinishedItems | null,
    private readonly note: (text: string) => void,
    private readonly clock: Clock,
    private readonly most = MOST_ITEMS,
  ) {
    this.#store = store;
    this.#syncedAt = clock.now();
    try {
      for (const { attempt, keys } of store?.load() ?? []) this.#load(attempt, keys);
    } catch (error) {
      note(`finished items cannot be read, so they may be done again: ${(error as Error).message}`);
    }
    this.#count = this.#finished.size;
  }

  /**
   * @param length - number of its items; null: not known yet
   * @returns its id, and what earlier attempts finished of it
   * @throws RangeError if it has too many
   */
  begin(loop: OpenLoop, label: string, length: number | null) {
    if (length !== null && length > this.most) throw this.#tooMany();
    const outer = this.#open.findLast(({ item }) => item !== null);
    const loops = outer?.inner ?? this.#roots;
    const number = (loops.get(label) ?? 0) + 1;
    loops.set(label, number);
    this.#open.push(loop);
    const id = digest(`${outer?.item ?? ""} ${number} ${label}`);
    const { count = 0, attempts = [] } = (outer ? undefined : this.#earlier.get(id)) ?? {};
    return { id, count, attempts: [...attempts] };
  }

  leave(loop: OpenLoop): void {
    const place = this.#open.lastIndexOf(loop);
    if (place !== -1) this.#open.splice(place, 1);
  }

  /**
   * @param nth - number of the item among those of its loop with this key
   * @returns the item, which this attempt does; null: an earlier attempt finished it
   * @throws RangeError if there are too many
   */
  take(loop: string, key: string, nth: number): string | null {
    if (nth > 1)
      this.#noteOnce(
        `p.track: several items have the key ${inspect(key).slice(0, 60)}; a later attempt skips as many of them as were finished`,
      );
    const item = loop + digest(`${loop} ${nth} ${key}`);
    if (this.#finished.has(item)) return null;
    this.#count++;
    if (this.#count > this.most) throw this.#tooMany();
    return item;
  }

  finish(item: string): void {
    if (this.#store !== null) this.#pending.push(item);
  }

  /** Call often: stores what is due. */
  tick(now: number): void {
    if (this.#store === null) return;
    if (now - this.#writtenAt >= this.#store.everyMs) this.#write(now);
    if (now - this.#syncedAt >= this.#syncEvery) this.#sync(now);
  }

  /**
   * The block ended and may run again in a later attempt: stores everything. Later items are not
   * remembered.
   */
  end(): void {
    const now = this.clock.now();
    this.#write(now);
    this.#sync(now);
    this.#drop();
  }

  /** The stage is done, and its value is stored: removes everything, of earlier attempts too. */
  discard(): void {
    const store = this.#store;
    this.#drop();
    if (store !== null) this.#guarded(() => store.discard());
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

  #write(now: number): void {
    const store = this.#store;
    if (store === null || this.#pending.length === 0) return;
    this.#writtenAt = now;
    this.#guarded(() => {
      while (this.#pending.length > 0) {
        store.append(this.#pending.slice(0, BATCH));
        this.#pending = this.#pending.slice(BATCH);
        this.#isSynced = false;
      }
    });
  }

  #sync(now: number): void {
    const store = this.#store;
    if (store === null || this.#isSynced) return;
    this.#guarded(() => {
      store.sync();
      this.#isSynced = true;
    });
    this.#syncedAt = this.clock.now();
    this.#syncEvery = Math.max(SYNC_MS, (this.#syncedAt - now) / SYNC_SHARE);
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#noteOnce(
        `finished items cannot be stored, so a later attempt may do them again: ${(error as Error).message}`,
      );
      if (!isDiskFull(error)) this.#drop();
    }
  }

  #drop(): void {
    const store = this.#store;
    this.#store = null;
    this.#pending = [];
    try {
      store?.close();
    } catch {
      // What was written is in the file.
    }
  }

  #tooMany(): RangeError {
    const most = this.most.toLocaleString("en-US");
    return new RangeError(
      `p.track: a stage can have at most ${most} items with a key; let each item be a batch, or leave out the key`,
    );
  }

  /** One note of each kind. */
  #noteOnce(text: string): void {
    const kind = text.slice(0, 20);
    if (this.#noted.has(kind)) return;
    this.#noted.add(kind);
    this.note(text);
  }
}

function digest(text: string): string {
  return hash("sha256", text, "base64url").slice(0, DIGEST);
}
