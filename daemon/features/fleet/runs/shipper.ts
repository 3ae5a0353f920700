/**
 * Ships the run files of this host's attempts to the engine: what is new of all attempts, in one
 * call every 20 ms.
 *
 * The file is the outbox. A call that fails is repeated, and what was not taken is read again from
 * the file after the engine's own cursor. While a call is on its way, the next pieces are read and
 * compressed, and no more than these. What the worker removes from a long log is deleted from the
 * engine too.
 */
import { setTimeout as delay } from "node:timers/promises";
import { isUnreadable } from "../../../run-files/unreadable.js";
import type { FleetEngine } from "../engine/fleet-engine.js";
import type { FencedPiece, Shipped } from "../engine/rows.js";
import { FollowedAttempt, type OwnAttempt, type RawPiece } from "./followed-attempt.js";
import { compress, PIECE_BYTES } from "./pieces.js";

export interface ShipperOptions {
  store: Pick<FleetEngine, "ship" | "shippedTo" | "cutLog">;
  /**
   * Bytes of the newest lines that the log of an attempt keeps. The engine keeps an eighth more.
   * Default: no bound.
   */
  maxLog?: number;
  /** The engine takes nothing more of the attempt, which is not followed any more. */
  onFenced(id: string, attempt: number): void;
  /** Something failed and is tried again. Called once until it works again. */
  onProblem(error: Error): void;
  /**
   * Time in ms without news after which the engine is asked once whether it has everything.
   * Default: 2000.
   */
  confirmMs?: number;
}

/** The engine writes what it was sent within 600 ms to its disk. Until then, its crash takes it. */
const CONFIRM_MS = 2000;

/** Time in ms between the beginnings of two calls. */
const EVERY_MS = 20;
/**
 * Age in ms of an attempt whose lines are shipped before its end: the end of a shorter one takes
 * all lines along.
 */
const YOUNG_MS = 100;
/** Time in ms after which all files are looked at without a hint. */
const LOOK_MS = 500;
/** Longest wait in ms for the last call at a stop. */
const STOP_MS = 1000;
/** Bytes of lines in one call, about. */
const BATCH_BYTES = 1024 * 1024;
/** Waits in ms after failed calls: the first, and the longest. */
const BACKOFF_MS = { first: 20, longest: 2000 };

type Owned<T> = T & { owner: FollowedAttempt; generation: number };

interface Batch {
  pieces: Array<Owned<FencedPiece>>;
  /** With these pieces, everything of the attempt is shipped. */
  ended: Array<Owned<{ flushes: FollowedAttempt["flushes"] }>>;
  /** There is more to ship. */
  isPartial: boolean;
}

const isCurrent = ({ owner, generation }: Owned<unknown>) => owner.generation === generation;

export class Shipper {
  readonly #followed = new Map<string, FollowedAttempt>();
  /** Attempts that may have new lines, in the order in which they are read. */
  readonly #unread = new Set<FollowedAttempt>();
  readonly #stopped = new AbortController();
  readonly #look: NodeJS.Timeout;
  #timer: NodeJS.Timeout | null = null;
  #round: Promise<void> | null = null;
  #begunAt = Number.NEGATIVE_INFINITY;
  #failure: string | null = null;

  constructor(private readonly options: ShipperOptions) {
    this.#look = setInterval(() => this.#lookAtAll(), LOOK_MS);
    this.#look.unref();
  }

  /**
   * Ships the files of the attempt from now on. An earlier attempt of the operation is released.
   */
  follow(own: OwnAttempt): void {
    this.#drop(this.#followed.get(own.id));
    const followed = new FollowedAttempt(own);
    this.#followed.set(own.id, followed);
    if (followed.isOpen) this.#mayHaveNews(followed);
    else void this.#open(followed);
  }

  /**
   * The engine may have lost pieces that it took: asks how far it is with each attempt, and goes on
   * from there.
   */
  openAgain(): void {
    for (const followed of this.#followed.values()) void this.#open(followed);
  }

  /** The files of the operation's attempt may have new lines. */
  hint(id: string): void {
    const followed = this.#followed.get(id);
    if (followed) this.#mayHaveNews(followed);
  }

  /**
   * Resolves when both files are shipped to their end and the engine has them on its disk, or when
   * the attempt is fenced or not followed. A file that cannot be read counts as shipped. While the
   * engine is away, this waits.
   *
   * @throws Error if the shipper is stopped before
   */
  flush(id: string, attempt: number): Promise<void> {
    const followed = this.#followed.get(id);
    if (followed?.own.attempt !== attempt) return Promise.resolve();
    const flush = Promise.withResolvers<void>();
    if (this.#stopped.signal.aborted) flush.reject(new Error("the shipper is stopped"));
    else followed.flushes.push(flush);
    this.#mayHaveNews(followed, 0);
    return flush.promise;
  }

  /**
   * As `flush` for an attempt that has ended. What is left of a short one is not shipped: it goes
   * with the decision that ends the attempt, as `lastPieces`.
   */
  async end(id: string, attempt: number): Promise<void> {
    const followed = this.#followed.get(id);
    const isShort = followed?.own.attempt === attempt && this.#keepsLast(followed);
    if (!isShort || this.#stopped.signal.aborted) await this.flush(id, attempt);
  }

  /** A call that is under way may have lines before the last ones, and lose them. */
  #keepsLast(followed: FollowedAttempt): boolean {
    if (followed.calls > 0 || followed.flushes.length > 0) return false;
    try {
      return followed.keepLast();
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return false;
    }
  }

  /** What `end` has kept of the operation's attempt. */
  lastPieces(id: string): readonly FencedPiece[] {
    return this.#followed.get(id)?.lastPieces ?? [];
  }

  /** The engine did not take the last pieces of the attempt. */
  refused(id: string, isFenced: boolean): void {
    const followed = this.#followed.get(id);
    if (!followed) return;
    if (!isFenced) void this.#open(followed);
    else this.#fence(followed);
  }

  #fence(followed: FollowedAttempt): void {
    this.#drop(followed);
    this.options.onFenced(followed.own.id, followed.own.attempt);
  }

  /**
   * Ships nothing more of the attempt. Its end must be recorded: what is not shipped stays in the
   * files alone.
   */
  release(id: string, attempt: number): void {
    const followed = this.#followed.get(id);
    if (followed?.own.attempt !== attempt) return;
    this.#drop(followed);
  }

  /**
   * Ends after the call that is on its way, or a second later. The files keep what is not shipped.
   */
  async stop(): Promise<void> {
    this.#stopped.abort();
    clearInterval(this.#look);
    if (this.#timer) clearTimeout(this.#timer);
    this.#unread.clear();
    await Promise.race([this.#round, delay(STOP_MS, undefined, { ref: false })]);
    for (const followed of this.#followed.values()) {
      followed.close();
      for (const flush of followed.flushes.splice(0))
        flush.reject(new Error("the shipper is stopped"));
    }
    this.#followed.clear();
  }

  #drop(followed: FollowedAttempt | undefined): void {
    if (!followed) return;
    this.#followed.delete(followed.own.id);
    this.#unread.delete(followed);
    followed.close();
    followed.flushed();
  }

  #isFollowed(followed: FollowedAttempt): boolean {
    return this.#followed.get(followed.own.id) === followed;
  }

  #lookAtAll(): void {
    const { confirmMs = CONFIRM_MS } = this.options;
    const before = performance.now() - confirmMs;
    for (const followed of this.#followed.values()) {
      if ((followed.unconfirmedSince ?? before) < before) followed.isAsking = true;
      this.#mayHaveNews(followed);
    }
  }

  #mayHaveNews(followed: FollowedAttempt, everyMs = EVERY_MS): void {
    this.#unread.add(followed);
    this.#schedule(everyMs);
  }

  #schedule(everyMs = EVERY_MS): void {
    if (this.#round || this.#stopped.signal.aborted || (this.#timer && everyMs > 0)) return;
    if (this.#timer) clearTimeout(this.#timer);
    const wait = Math.max(0, this.#begunAt + everyMs - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#begunAt = performance.now();
      this.#round = this.#run().finally(() => {
        this.#round = null;
        const isUrgent = [...this.#unread].some(({ flushes }) => flushes.length > 0);
        if (this.#unread.size > 0) this.#schedule(isUrgent ? 0 : EVERY_MS);
      });
    }, wait);
  }

  /** Sends all that is there. */
  async #run(): Promise<void> {
    let batch = await this.#gather();
    for (;;) {
      const next: Promise<Batch> | null = batch.isPartial ? this.#gather() : null;
      await this.#send(batch);
      for (const owner of new Set(batch.pieces.map((piece) => piece.owner))) owner.calls--;
      if (next === null) return;
      batch = await next;
    }
  }

  /** Reads and compresses the pieces of the next call. */
  async #gather(): Promise<Batch> {
    const raw: Array<Owned<RawPiece>> = [];
    const ended: Batch["ended"] = [];
    const share = Math.max(PIECE_BYTES, BATCH_BYTES / this.#unread.size);
    const young = performance.now() - YOUNG_MS;
    const isReady = ({ flushes, since }: FollowedAttempt) => flushes.length > 0 || since <= young;
    let bytes = 0;
    for (const owner of [...this.#unread].filter(isReady)) {
      if (bytes >= BATCH_BYTES) break;
      this.#unread.delete(owner);
      if (!owner.isOpen || (owner.isEnding && owner.flushes.length === 0)) continue;
      const { pieces, isPartial } = this.#cut(owner, share);
      const { generation } = owner;
      if (pieces.length > 0) owner.calls++;
      for (const piece of pieces) raw.push({ ...piece, owner, generation });
      bytes += pieces.reduce((sum, { lines }) => sum + lines.length, 0);
      if (isPartial) this.#unread.add(owner);
      else if (owner.flushes.length > 0)
        ended.push({ owner, generation, flushes: owner.flushes.splice(0) });
    }
    const isPartial = [...this.#unread].some(isReady);
    const compressed = raw.map(async ({ lines, ...piece }): Promise<Owned<FencedPiece>> => {
      const { id, attempt, fence } = piece.owner.own;
      return { ...piece, id, attempt, fence, body: await compress(lines) };
    });
    return { pieces: await Promise.all(compressed), ended, isPartial };
  }

  #cut(owner: FollowedAttempt, maxBytes: number): ReturnType<FollowedAttempt["cut"]> {
    try {
      return owner.cut(maxBytes);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#failed(error);
      return { pieces: [], isPartial: false };
    }
  }

  /** Sends the pieces until the engine answers. */
  async #send({ pieces, ended }: Batch): Promise<void> {
    for (let tries = 0; !this.#stopped.signal.aborted; tries++) {
      const current = pieces.filter(isCurrent);
      const isFlush = ended.length > 0;
      if (current.length === 0 && !isFlush) return;
      try {
        const sent = current.map(({ owner: _, generation: __, ...piece }) => piece);
        const shipped = await this.options.store.ship(sent, isFlush);
        this.#failure = null;
        this.#conclude(new Set(current.map(({ owner }) => owner)), ended, shipped);
        return;
      } catch (error) {
        this.#failed(error as Error);
        await this.#pause(tries);
      }
    }
    for (const { owner, flushes } of ended) owner.flushes.push(...flushes);
  }

  #conclude(
    owners: Set<FollowedAttempt>,
    ended: Batch["ended"],
    { fenced, behind }: Shipped,
  ): void {
    for (const owner of owners) {
      const { id } = owner.own;
      if (!this.#isFollowed(owner)) continue;
      if (fenced.includes(id)) this.#fence(owner);
      else if (behind.some((each) => each.id === id)) void this.#open(owner);
      else this.#cutLog(owner);
    }
    for (const end of ended) {
      // Flushes of an attempt that went back to the cursor of the engine continue to wait.
      if (!isCurrent(end) && this.#isFollowed(end.owner)) end.owner.flushes.push(...end.flushes);
      else for (const flush of end.flushes) flush.resolve();
    }
  }

  /** A call that fails is not repeated: the next one deletes more. */
  #cutLog(owner: FollowedAttempt): void {
    const { store, maxLog = Number.POSITIVE_INFINITY } = this.options;
    const { id, attempt, fence } = owner.own;
    const to = owner.newlyLost(maxLog);
    if (to !== null) store.cutLog({ id, attempt, fence, to }).catch(() => {});
  }

  /** Continues after what the engine has of the attempt. */
  async #open(followed: FollowedAttempt): Promise<void> {
    followed.close();
    const { id, attempt } = followed.own;
    const { generation } = followed;
    for (let tries = 0; !this.#stopped.signal.aborted; tries++) {
      try {
        const shipped = await this.options.store.shippedTo(id, attempt);
        if (!this.#isFollowed(followed) || followed.generation !== generation) return;
        followed.open(shipped);
        this.#mayHaveNews(followed);
        return;
      } catch (error) {
        this.#failed(error as Error);
        await this.#pause(tries);
      }
    }
  }

  #pause(tries: number): Promise<void> {
    const { first, longest } = BACKOFF_MS;
    const ms = Math.min(longest, first * 2 ** Math.min(tries, 10));
    return delay(ms, undefined, { signal: this.#stopped.signal }).catch(() => {});
  }

  #failed(error: Error): void {
    if (this.#stopped.signal.aborted || this.#failure === error.message) return;
    this.#failure = error.message;
    this.options.onProblem(error);
  }
}
