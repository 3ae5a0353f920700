/**
 * The directory of an attempt of another host: appends the lines of pieces to its files, each line once and in order.
 *
 * The cursor is the last line of each file, so a crash needs no repair but the removal of an incomplete line. Nothing is
 * synced: what a power cut takes is brought again. A long log is kept in parts, of which the oldest are removed.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { seqOfRecord } from "../../../protocol/record-line.js";
import { openOwnFile } from "../../../protocol/system/own-file.js";
import { eventsFile, isMirrored, logFile, mirroredMark } from "../../run-files/attempt-files.js";
import { partBytes, runBytes } from "../../run-files/log-parts.js";
import { lastLineOf } from "../../run-files/seek.js";
import { isDirectory } from "../../run-files/unreadable.js";
import { writeAllSync } from "../../store/durable-file.js";
import { beginPart, finishPart, noteOfGap, removeOlderParts } from "./mirrored-log.js";
import {
  firstLineIn,
  groupsOf,
  isWhole,
  type Lines,
  lastLineIn,
  linesBetween,
  withLines,
} from "./piece-lines.js";
import { type Cursor, type Piece, RUN_FILES, type RunFile } from "./pieces.js";

const pathOf = { events: eventsFile, log: logFile };

/** Pieces that are decompressed and written at a time. */
const PIECES_AT_ONCE = 16;

export class MirroredAttempt {
  readonly #cursor: Cursor = { events: 0, log: 0 };
  #isMade = false;
  /** Bytes of each file, and of the older parts of the log. */
  readonly #sizes: Record<RunFile, number> = { events: 0, log: 0 };
  #older = 0;
  /** The engine will never have more of the attempt. */
  isComplete = false;
  /** What is wrong with a piece that follows what is there. */
  problem: string | null = null;

  /** Files of which a piece was damaged in this call of `append`: what follows is left out. */
  readonly #damaged = new Set<RunFile>();

  private constructor(
    readonly dir: string,
    private readonly maxLog: number,
  ) {}

  /**
   * Looks at the directory. A missing one is made with the first lines: until then it may become one of this host.
   *
   * @param maxLog - bytes of the newest log lines to keep, about
   * @returns null if an attempt of this host is there
   * @throws IrregularFileError, or the system error, if something else is in the place of a directory or a file
   */
  static open(attemptDir: string, maxLog = Number.POSITIVE_INFINITY): MirroredAttempt | null {
    const mirrored = new MirroredAttempt(attemptDir, maxLog);
    if (!isDirectory(dirname(attemptDir)) || !isDirectory(attemptDir)) return mirrored;
    if (!isMirrored(attemptDir)) return null;
    mirrored.#isMade = true;
    finishPart(attemptDir);
    for (const file of RUN_FILES) mirrored.#inspect(file);
    mirrored.#countOlder();
    return mirrored;
  }

  get cursor(): Readonly<Cursor> {
    return this.#cursor;
  }

  get bytes(): number {
    return this.#sizes.events + this.#sizes.log + this.#older;
  }

  /**
   * Appends the lines of the pieces that follow what is there. In the log, a note takes the place of pieces that the
   * engine does not hold any more. A piece after a damaged one is left out.
   *
   * Both files grow in one turn of the event loop, up to the same number: a reader that finds a line finds every line
   * before it.
   *
   * @param rows - by `first`
   * @param more - further pieces follow, which begin with the last row's `first` or later
   * @returns whether there are new lines
   * @throws the error of the file system
   */
  async append(rows: readonly Piece[], more: boolean): Promise<boolean> {
    let isGrown = false;
    this.#damaged.clear();
    for (let left = this.#newsIn(rows); left.length > 0; left = this.#newsIn(left)) {
      const now = left.slice(0, PIECES_AT_ONCE);
      const isLast = now.length === left.length;
      const next = left[now.length] ?? (more ? now.at(-1) : undefined);
      const pieces = await Promise.all(now.map(withLines));
      const upTo = next ? next.first - 1 : Number.POSITIVE_INFINITY;
      if (this.#write(pieces, upTo)) {
        isGrown = true;
        continue;
      }
      // No line comes before the bound: to write some beyond it is better than to write none.
      if (!(isLast && isGrown) && this.#write(pieces, Number.POSITIVE_INFINITY)) isGrown = true;
      else left = left.slice(now.length);
      if (isLast) break;
    }
    return isGrown;
  }

  #newsIn(rows: readonly Piece[]): Piece[] {
    return rows.filter((row) => this.#isNews(row));
  }

  #isNews({ file, last }: Piece): boolean {
    return last > this.#cursor[file];
  }

  /** Returns whether a file has grown. */
  #write(pieces: Lines[], upTo: number): boolean {
    if (!this.#make()) return false;
    let isGrown = false;
    for (const file of RUN_FILES) {
      const own = pieces.filter((piece) => piece.file === file && this.#isNews(piece) && piece.first <= upTo);
      const most = file === "log" ? partBytes(this.maxLog) : Number.POSITIVE_INFINITY;
      for (const group of groupsOf(own, most)) if (this.#extend(file, group, upTo)) isGrown = true;
    }
    return isGrown;
  }

  /** Returns false if the directory is not to be written: this host has made it, or the operation was removed. */
  #make(): boolean {
    if (!isMirrored(this.dir)) {
      if (this.#isMade || isDirectory(this.dir)) return false;
      makeMirrored(this.dir);
    }
    this.#isMade = true;
    return true;
  }

  /** Returns whether there are new lines. */
  #extend(file: RunFile, pieces: Lines[], upTo: number): boolean {
    const fd = openOwnFile(pathOf[file](this.dir), constants.O_RDWR | constants.O_CREAT);
    try {
      // Someone else has changed the file.
      if (fstatSync(fd).size !== this.#sizes[file]) this.#inspectOpen(file, fd);
      const buffers: Buffer[] = [];
      let cursor = this.#cursor[file];
      for (const piece of pieces) {
        const isGap = piece.first > cursor + 1;
        if (isGap && (this.#damaged.has(file) || (file === "events" && cursor > 0))) break;
        if (!isWhole(piece)) {
          this.#damaged.add(file);
          this.problem = `the fleet holds a damaged piece: ${piece.id}, attempt ${piece.attempt}, ${file} ${piece.first}`;
          break;
        }
        const taken = linesBetween(piece, cursor, upTo);
        if (taken === null) continue;
        if (isGap && file === "log") {
          const before = buffers.length > 0 ? lastLineIn(buffers.at(-1)!) : (lastLineOf(fd)?.text ?? null);
          buffers.push(Buffer.from(noteOfGap(before, firstLineIn(taken.lines), piece.first - 1)));
        }
        buffers.push(taken.lines);
        cursor = taken.last;
      }
      const added = Buffer.concat(buffers);
      appendOrUndo(fd, added, this.#sizes[file]);
      this.#sizes[file] += added.length;
      this.#cursor[file] = cursor;
      if (file === "log") this.#bound(fd);
      return added.length > 0;
    } finally {
      closeSync(fd);
    }
  }

  /** Begins a new part of a log that is full. */
  #bound(fd: number): void {
    const size = this.#sizes.log;
    if (size <= partBytes(this.maxLog)) return;
    const last = lastLineOf(fd);
    if (last === null || !beginPart(this.dir, last.text, size, this.maxLog)) return;
    this.#inspect("log");
    this.#countOlder();
  }

  #countOlder(): void {
    this.#older = runBytes(this.dir) - this.#sizes.events - this.#sizes.log;
  }

  #inspect(file: RunFile): void {
    const path = pathOf[file](this.dir);
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) {
      if (file === "log") removeOlderParts(this.dir);
      return;
    }
    const fd = openOwnFile(path, constants.O_RDWR);
    try {
      this.#inspectOpen(file, fd);
    } finally {
      closeSync(fd);
    }
  }

  /** Takes the cursor from the last line. Removes an incomplete one; a damaged file is begun again. */
  #inspectOpen(file: RunFile, fd: number): void {
    const last = lastLineOf(fd);
    const seq = last === null ? null : seqOfRecord(last.text);
    const end = seq === null ? 0 : last!.end;
    if (fstatSync(fd).size > end) ftruncateSync(fd, end);
    this.#sizes[file] = end;
    this.#cursor[file] = seq ?? 0;
    if (file === "log" && seq === null) {
      removeOlderParts(this.dir);
      this.#older = 0;
    }
  }
}

/** With the marker from the beginning: a crash leaves no mirrored directory that looks like one of this host. */
function makeMirrored(attemptDir: string): void {
  const runDir = dirname(attemptDir);
  if (!isDirectory(runDir)) mkdirSync(runDir, { mode: 0o700 });
  const fresh = `${attemptDir}.mirror`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  writeFileSync(mirroredMark(fresh), "", { mode: 0o600 });
  renameSync(fresh, attemptDir);
}

/** @throws the system error; the file is then as it was */
function appendOrUndo(fd: number, bytes: Buffer, size: number): void {
  try {
    writeAllSync(fd, bytes, size);
  } catch (error) {
    ftruncateSync(fd, size);
    throw error;
  }
}
