/** An own attempt whose run files are shipped: cuts what is new of them into pieces. */
import type { EventsPlace } from "../../../run-files/events-reader.js";
import { lastCut } from "../../../run-files/log-parts.js";
import type { Cursor, FencedPiece, RunFile } from "../engine/rows.js";
import { AttemptReader, type RunLine } from "./attempt-reader.js";
import { compressShort, PIECE_BYTES, RUN_FILES, SHORT } from "./pieces.js";

/** An attempt that this host runs, or has just run. */
export interface OwnAttempt {
  id: string;
  attempt: number;
  /** Directory of the attempt. */
  dir: string;
  events: EventsPlace;
  fence: number;
  /** Nothing of it was shipped: it begins with this daemon. */
  isNew: boolean;
}

/** A piece before it is compressed; without lines, it asks whether all before it is there. */
export interface RawPiece {
  file: RunFile;
  first: number;
  last: number;
  lines: Buffer;
}

/**
 * Part of the log's bound by which the log grows until the engine deletes what the log has lost.
 */
const LOOK_PART = 1 / 8;

/** Someone who waits until everything is shipped. */
type Flush = PromiseWithResolvers<void>;

export class FollowedAttempt {
  /** Since when it is followed, by the monotonic clock in ms. */
  readonly since = performance.now();
  /** Grows when pieces that were cut before must not be sent any more. */
  generation = 0;
  flushes: Flush[] = [];
  /**
   * When pieces were cut that a crash of the engine may still take, by the monotonic clock in ms;
   * null: none.
   */
  unconfirmedSince: number | null = null;
  /** The next cut asks whether the engine has everything. */
  isAsking = false;
  /** Calls with pieces of it that are under way. */
  calls = 0;
  /** The last pieces are kept for the decision that ends the attempt: no call takes them. */
  isEnding = false;
  /** Pieces that were cut and are in no call. */
  #kept: RawPiece[] = [];
  #lastPieces: FencedPiece[] | null = null;
  #reader: AttemptReader | null = null;
  /**
   * Bytes of log lines since the last look for what the log has lost, and the last line that it had
   * lost then.
   */
  #logged = 0;
  #lost = 0;
  /** The last lines that were cut. */
  #cut: Cursor = { events: 0, log: 0 };

  constructor(readonly own: OwnAttempt) {
    if (own.isNew) this.open(this.#cut);
  }

  get isOpen(): boolean {
    return this.#reader !== null;
  }

  /** Begins after the cursor. */
  open(shipped: Cursor): void {
    this.close();
    this.#cut = { ...shipped };
    this.#reader = new AttemptReader(this.own, shipped);
  }

  /** Until it is opened again, nothing is cut. */
  close(): void {
    this.generation++;
    this.isEnding = false;
    this.#kept = [];
    this.#lastPieces = null;
    this.#reader?.close();
    this.#reader = null;
  }

  /** What the decision that ends the attempt takes along. */
  get lastPieces(): readonly FencedPiece[] {
    if (!this.isEnding) return [];
    const { id, attempt, fence } = this.own;
    this.#lastPieces ??= this.#kept.map(({ lines, ...piece }) => ({
      ...piece,
      id,
      attempt,
      fence,
      body: compressShort(lines),
    }));
    return this.#lastPieces;
  }

  /**
   * Cuts what is left of an attempt that has ended, and keeps it for the decision that ends it.
   *
   * @returns false: there is more than `SHORT` bytes, and the next calls take it
   * @throws the error of the file system if a file cannot be read
   */
  keepLast(): boolean {
    if (!this.#reader) return false;
    if (this.isEnding) return true;
    const { pieces, isPartial } = this.#cutNew(SHORT, true);
    this.#kept.push(...pieces);
    this.isEnding =
      !isPartial && this.#kept.reduce((sum, { lines }) => sum + lines.length, 0) <= SHORT;
    return this.isEnding;
  }

  /**
   * Cuts what is new, after what was kept.
   *
   * @param maxBytes - of each file, about
   * @returns `isPartial`: there may be more
   * @throws the error of the file system if a file cannot be read
   */
  cut(maxBytes: number): { pieces: RawPiece[]; isPartial: boolean } {
    if (!this.#reader) return { pieces: [], isPartial: false };
    const { pieces, isPartial } = this.#cutNew(maxBytes, this.flushes.length > 0);
    [this.isEnding, this.#lastPieces] = [false, null];
    return { pieces: [...this.#kept.splice(0), ...pieces], isPartial };
  }

  #cutNew(maxBytes: number, isFlush: boolean): { pieces: RawPiece[]; isPartial: boolean } {
    const { isPartial, ...lines } = this.#reader!.read(maxBytes, isFlush);
    const isAsking = (isFlush || this.isAsking) && !isPartial;
    let isNew = false;
    const piecesOf = (file: RunFile) => {
      const last = this.#cut[file];
      const pieces = this.#piecesOf(file, lines[file]);
      isNew ||= pieces.length > 0;
      const question = { file, first: last + 1, last, lines: Buffer.alloc(0) };
      return pieces.length === 0 && isAsking && last > 0 ? [question] : pieces;
    };
    const pieces = RUN_FILES.flatMap(piecesOf);
    // With a flush, the new pieces are on the engine's disk when they are answered.
    if (isNew && !(isFlush && isAsking)) this.unconfirmedSince = performance.now();
    else if (isAsking) this.unconfirmedSince = null;
    this.isAsking = false;
    return { pieces, isPartial };
  }

  #piecesOf(file: RunFile, lines: RunLine[]): RawPiece[] {
    const pieces: RawPiece[] = [];
    let texts: string[] = [];
    let bytes = 0;
    const end = (last: number) => {
      if (texts.length === 0) return;
      if (file === "log") this.#logged += bytes;
      const first = this.#cut[file] + 1;
      pieces.push({ file, first, last, lines: Buffer.from(`${texts.join("\n")}\n`) });
      this.#cut[file] = last;
      texts = [];
      bytes = 0;
    };
    let last = 0;
    for (const line of lines) {
      const length = Buffer.byteLength(line.text) + 1;
      if (bytes + length > PIECE_BYTES) end(last);
      texts.push(line.text);
      bytes += length;
      last = line.seq;
    }
    end(last);
    return pieces;
  }

  /**
   * `seq` of the last line that the worker has removed from a long log, if the log has grown enough
   * since the last call and lost lines since; otherwise null.
   *
   * @param maxLog - bytes that the log keeps
   */
  newlyLost(maxLog: number): number | null {
    if (this.#logged < maxLog * LOOK_PART) return null;
    this.#logged = 0;
    const lost = lastCut(this.own.dir);
    if (lost === null || lost <= this.#lost) return null;
    this.#lost = lost;
    return lost;
  }

  /** Tells those who wait that there is nothing left to ship. */
  flushed(): void {
    for (const flush of this.flushes.splice(0)) flush.resolve();
  }
}
