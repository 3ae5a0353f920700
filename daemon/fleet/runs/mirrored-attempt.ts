/**
 * The directory of an attempt of another host: appends the lines of pieces to its files, each line once and in order.
 *
 * The cursor is the last line of each file, so a crash needs no repair but the removal of an incomplete line. Nothing is
 * synced: what a power cut takes is brought again.
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
import { openOwnFile } from "../../../protocol/own-file.js";
import { seqOfRecord } from "../../../protocol/record-line.js";
import { eventsFile, isMirrored, logFile, mirroredMark } from "../../run-files/attempt-files.js";
import { lastLineOf } from "../../run-files/seek.js";
import { isDirectory } from "../../run-files/unreadable.js";
import { writeAllSync } from "../../store/durable-file.js";
import { type Cursor, decompress, type Piece, RUN_FILES, type RunFile } from "./pieces.js";

const pathOf = { events: eventsFile, log: logFile };

/** Pieces that are decompressed and written at a time. */
const PIECES_AT_ONCE = 16;

type Lines = Piece & { lines: Buffer };

export class MirroredAttempt {
  readonly #cursor: Cursor = { events: 0, log: 0 };
  #isMade = false;
  /** Bytes of each file. */
  readonly #sizes: Record<RunFile, number> = { events: 0, log: 0 };
  /** The engine will never have more of the attempt. */
  isComplete = false;
  /** What is wrong with a piece that follows what is there. */
  problem: string | null = null;

  private constructor(readonly dir: string) {}

  /**
   * Looks at the directory. A missing one is made with the first lines: until then it may become one of this host.
   *
   * @returns null if an attempt of this host is there
   * @throws IrregularFileError, or the system error, if something else is in the place of a directory or a file
   */
  static open(attemptDir: string): MirroredAttempt | null {
    const mirrored = new MirroredAttempt(attemptDir);
    if (!isDirectory(dirname(attemptDir)) || !isDirectory(attemptDir)) return mirrored;
    if (!isMirrored(attemptDir)) return null;
    mirrored.#isMade = true;
    for (const file of RUN_FILES) mirrored.#inspect(file);
    return mirrored;
  }

  get cursor(): Readonly<Cursor> {
    return this.#cursor;
  }

  get bytes(): number {
    return this.#sizes.events + this.#sizes.log;
  }

  /**
   * Appends the lines of the pieces that follow what is there. A piece after a gap is left out.
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
    const before = this.bytes;
    for (const file of RUN_FILES) {
      const own = pieces.filter((piece) => piece.file === file && this.#isNews(piece) && piece.first <= upTo);
      if (own.length > 0) this.#extend(file, own, upTo);
    }
    return this.bytes > before;
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

  #extend(file: RunFile, pieces: Lines[], upTo: number): void {
    const fd = openOwnFile(pathOf[file](this.dir), constants.O_RDWR | constants.O_CREAT);
    try {
      // Someone else has changed the file.
      if (fstatSync(fd).size !== this.#sizes[file]) this.#inspectOpen(file, fd);
      const buffers: Buffer[] = [];
      let cursor = this.#cursor[file];
      for (const piece of pieces) {
        // What is before the first piece of an empty file was removed from the engine.
        if (piece.first > cursor + 1 && cursor > 0) break;
        if (!isWhole(piece)) {
          this.problem = `the fleet holds a damaged piece: ${piece.id}, attempt ${piece.attempt}, ${file} ${piece.first}`;
          break;
        }
        const taken = linesBetween(piece, cursor, upTo);
        if (taken === null) continue;
        buffers.push(taken.lines);
        cursor = taken.last;
      }
      const added = Buffer.concat(buffers);
      appendOrUndo(fd, added, this.#sizes[file]);
      this.#sizes[file] += added.length;
      this.#cursor[file] = cursor;
    } finally {
      closeSync(fd);
    }
  }

  #inspect(file: RunFile): void {
    const path = pathOf[file](this.dir);
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
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

/** With no lines where the body is damaged. */
async function withLines(row: Piece): Promise<Lines> {
  return { ...row, lines: await decompress(row.body).catch(() => Buffer.alloc(0)) };
}

const NEWLINE = 10;

/** Whether the piece ends with the line that it should end with. */
function isWhole({ last, lines }: Lines): boolean {
  if (lines.length < 2 || lines.at(-1) !== NEWLINE) return false;
  const start = lines.lastIndexOf(NEWLINE, lines.length - 2) + 1;
  return seqOfRecord(lines.toString("utf8", start, lines.length - 1)) === last;
}

/** The lines of a piece above `after` and up to `upTo`; null if there are none. */
function linesBetween(
  { first, last, lines }: Lines,
  after: number,
  upTo: number,
): { lines: Buffer; last: number } | null {
  if (first > after && last <= upTo) return { lines, last };
  const wanted = lines
    .toString("utf8")
    .split("\n")
    .map((text) => ({ text, seq: seqOfRecord(text) ?? 0 }))
    .filter(({ seq }) => seq > after && seq <= upTo);
  const end = wanted.at(-1)?.seq;
  if (end === undefined) return null;
  return { lines: Buffer.from(wanted.map(({ text }) => `${text}\n`).join("")), last: end };
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
