/**
 * Output to the worker's file descriptors 1 and 2 that bypasses JavaScript (child processes, native
 * code) goes to two files. This module reads them into the log, line by line, as lines of stdout or
 * stderr.
 *
 * A file is emptied before and after each operation, and when it has reached its bound. This
 * process does it, or the daemon if this process is blocked (a busy loop, a child that is waited
 * for). Writers append, so they continue at the new start. After a worker's death the daemon reads
 * the unread rest.
 */
import {
  closeSync,
  constants,
  type FSWatcher,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  readSync,
  watch,
} from "node:fs";
import type { CutPlace } from "../../ops/programs/output.js";
import { MAX_LOG_LINE } from "../../protocol/limits.js";
import { openOwnFile } from "../../protocol/system/own-file.js";

/**
 * Gets lines, with the offset up to which the file was read; or a note that some output was lost.
 */
interface OutputListener {
  onLines(texts: readonly string[], end: number): void;
  onLost(text: string): void;
  cut: CutPlace;
}

const MODE = 0o600;
/** The owner's execute bit: the daemon emptied the file. */
const EMPTIED = 0o100;

const MiB = 1024 * 1024;
/** Bytes read at a time, before other work has its turn. */
const PIECE = MiB;
/**
 * Lines passed on at a time: if the worker dies, those that are not in the log yet are read again.
 */
const MOST_LINES = 100;
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/** One of the two files, for the lifetime of the worker. */
export class OwnOutput {
  #fd: number | null = null;
  /** Byte up to which the file was read. */
  #offset = 0;
  #watcher: FSWatcher | null = null;
  /** Null between operations. */
  #listener: OutputListener | null = null;
  #most = Number.POSITIVE_INFINITY;
  #scheduled = false;

  constructor(
    private readonly file: string,
    private readonly name: "stdout" | "stderr",
  ) {}

  /** @param most - bytes, about, at which the file is emptied */
  start(listener: OutputListener, most: number): void {
    this.#fd ??= openOwnFile(this.file, constants.O_RDWR);
    const { size, mode } = fstatSync(this.#fd);
    // Only if needed: it would put the file into the next commit of the file system's journal.
    if (size > 0) ftruncateSync(this.#fd, 0);
    if ((mode & EMPTIED) !== 0) fchmodSync(this.#fd, MODE);
    this.#offset = 0;
    this.#most = most;
    this.#listener = listener;
    this.#watcher ??= this.#watch();
  }

  /** Reads a piece now, and the rest in later turns. */
  read(): void {
    if (!this.#readPiece() || this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.read();
    });
  }

  /** Reads the present content, with an unfinished last line. */
  stop(): void {
    const fd = this.#fd;
    if (fd === null || this.#listener === null) return;
    const { size } = fstatSync(fd);
    // Most operations write nothing here.
    if (size > 0) this.#readToEnd(fd, size);
    this.#listener = null;
    // If the worker dies before its next operation empties the file, that operation must not get
    // this output.
    if (this.#offset > 0) ftruncateSync(fd, 0);
    this.#offset = 0;
  }

  /** Later output, from a child that was left behind, belongs to no operation. */
  #readToEnd(fd: number, size: number): void {
    for (let left = size; left > 0 && this.#readPiece(); ) left -= PIECE;
    const rest = this.#bytes(fd, PIECE);
    if (rest.length > 0 && !rest.includes(NEWLINE)) this.#say(rest);
  }

  /** Whether there is more to read. */
  #readPiece(): boolean {
    const fd = this.#fd;
    if (fd === null || this.#listener === null) return false;
    const { mode, size } = fstatSync(fd);
    if ((mode & EMPTIED) !== 0) {
      fchmodSync(fd, MODE);
      this.#listener.onLost(
        lost(this.name, this.#most, "bytes that the operation had no time to read"),
      );
    }
    if (size < this.#offset) this.#offset = 0;
    // Called at each stage, and there is almost never new output.
    if (size === this.#offset) return false;
    if (size - this.#offset > this.#most) return this.#empty(fd);
    const bytes = this.#bytes(fd, Math.min(PIECE, size - this.#offset));
    const used = this.#cut(bytes);
    if (used > 0 && bytes.length === PIECE) return true;
    if (this.#offset > this.#most) this.#empty(fd);
    return false;
  }

  /**
   * Writes complete lines into the log, and pieces of one that is too long so far; returns the
   * number of bytes.
   */
  #cut(bytes: Buffer): number {
    let start = 0;
    let lines: string[] = [];
    while (start < bytes.length) {
      const newline = bytes.indexOf(NEWLINE, start);
      const end = newline === -1 ? this.#endOfPiece(bytes, start) : newline;
      if (end === null) break;
      const next = newline === -1 ? end : newline + 1;
      const line = bytes.subarray(
        start,
        newline !== -1 && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end,
      );
      this.#offset += next - start;
      lines.push(line.toString("utf8"));
      start = next;
      if (lines.length < MOST_LINES) continue;
      this.#listener?.onLines(lines, this.#offset);
      lines = [];
    }
    if (lines.length > 0) this.#listener?.onLines(lines, this.#offset);
    return start;
  }

  /** Where to cut a line whose end was not written yet; null: not yet. */
  #endOfPiece(bytes: Buffer, start: number): number | null {
    if (bytes.length - start <= MAX_LOG_LINE) return null;
    const end = endOfCharacter(bytes, start + MAX_LOG_LINE);
    const text = bytes.toString("utf8", start);
    const most = bytes.toString("utf8", start, end).length;
    const at = this.#listener!.cut(text, most, false);
    if (at === null) return null;
    if (at === most) return end;
    // Searched, since bytes that are no UTF-8 have another length as text.
    let moved = end;
    for (let high = bytes.length; moved < high; ) {
      const middle = (moved + high) >> 1;
      if (bytes.toString("utf8", start, middle).length < at) moved = middle + 1;
      else high = middle;
    }
    while (isInCharacter(bytes, moved)) moved++;
    return moved;
  }

  #say(rest: Buffer): void {
    this.#offset += rest.length;
    this.#listener?.onLines([rest.toString("utf8")], this.#offset);
  }

  /** Unread output is lost, and so is output that a writer adds at this moment. */
  #empty(fd: number): false {
    const unread = fstatSync(fd).size - this.#offset;
    ftruncateSync(fd, 0);
    this.#offset = 0;
    this.#listener?.onLost(
      lost(this.name, this.#most, `at least ${unread} bytes that were not read yet`),
    );
    return false;
  }

  #bytes(fd: number, most: number): Buffer {
    const bytes = Buffer.allocUnsafe(most);
    return bytes.subarray(0, readSync(fd, bytes, 0, most, this.#offset));
  }

  #watch(): FSWatcher {
    const watcher = watch(this.file, () => this.read());
    watcher.unref();
    watcher.on("error", () => {});
    return watcher;
  }
}

/**
 * For the daemon: empties an output file that has grown over its bound, since its worker does not.
 *
 * @param most - bytes
 */
export function boundOutput(file: string, most: number): void {
  const size = lstatSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= most) return;
  const fd = openOwnFile(file, constants.O_RDWR);
  try {
    fchmodSync(fd, MODE | EMPTIED);
    ftruncateSync(fd, 0);
  } finally {
    closeSync(fd);
  }
}

function lost(name: string, most: number, why: string): string {
  const bound = most >= MiB ? `${Math.round(most / MiB)} MiB` : `${Math.round(most / 1024)} KiB`;
  return `the file of ${name} reached its bound of ${bound} and was emptied: ${why} are lost`;
}

/** The byte at or before `end` at which a character begins, so that no character is cut in two. */
function endOfCharacter(bytes: Buffer, end: number): number {
  let at = end;
  while (at > end - 4 && isInCharacter(bytes, at)) at--;
  return at;
}

/** Whether the byte continues a character. */
function isInCharacter(bytes: Buffer, at: number): boolean {
  return (bytes[at]! & 0xc0) === 0x80;
}
