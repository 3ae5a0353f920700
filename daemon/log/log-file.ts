/**
 * The bounded file of a log, and the writer of log lines, which never blocks. A full file is
 * renamed to `<file>.1`, which replaces the older one, and a new file is begun.
 *
 * The file is looked up by its name at each write, so that a file that was moved or removed is made
 * again. Where its directory was moved or removed, the open file is written: it has the last lines
 * of the daemon. Only a regular file is written: a pipe without a reader would block, and a
 * symbolic link may lead to another user's file.
 */
import { closeSync, fstatSync, lstatSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { APPEND, openOwnFile } from "../../protocol/system/own-file.js";
import { type FileIdentity, identityOf, isFile } from "../os/file-identity.js";

/** A destination for log lines that never blocks. */
export interface LogTarget {
  /**
   * Returns how many bytes were written: fewer than given where the rest did not fit.
   *
   * @throws Error if nothing could be written
   */
  append(bytes: Buffer): number;
}

/** Milliseconds between two tries of a target that fails. */
const RETRY_MS = 1000;

/** Characters of a line; a longer line is cut. */
const MAX_LINE = 32 * 1024;

/** pino's number for a warning. */
const WARNING = 40;

/**
 * Writes log lines to a target, and never blocks, throws or keeps a queue.
 *
 * A line that the target does not accept is dropped and counted. While a target fails, it is tried
 * once a second, not for each line. When it works again, one line says how many lines were dropped
 * and why.
 */
export class LogWriter {
  /** Why the target fails; null while it works. */
  #problem: string | null = null;
  #dropped = 0;
  /** The last line was written in part: the next one begins on a line of its own. */
  #torn = false;

  constructor(private readonly target: LogTarget) {}

  /** Why lines are dropped at present; null while the target works. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Writes a complete line with its newline. */
  write(line: string): void {
    if (this.#problem !== null) this.#dropped++;
    else if (!this.#append(line)) this.#dropped++;
  }

  /** Checks whether the target can be written, so that a problem is known before the first line. */
  check(): void {
    this.#append("");
  }

  #append(line: string): boolean {
    const text = line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}\n` : line;
    const bytes = Buffer.from(this.#torn ? `\n${text}` : text);
    try {
      const count = this.target.append(bytes);
      this.#torn = count < bytes.length && (count > 0 || this.#torn);
      if (count === bytes.length) return true;
      this.#fail("a line was only partly written");
    } catch (error) {
      this.#fail((error as Error).message);
    }
    return false;
  }

  #fail(reason: string): void {
    this.#problem = reason;
    setTimeout(() => this.#recover(), RETRY_MS).unref();
  }

  #recover(): void {
    const dropped = this.#dropped;
    const note = {
      level: WARNING,
      time: new Date().toISOString(),
      pid: process.pid,
      dropped,
      msg: `the log can be written again; lines were dropped meanwhile: ${this.#problem}`,
    };
    if (!this.#append(dropped > 0 ? `${JSON.stringify(note)}\n` : "")) return;
    this.#problem = null;
    this.#dropped -= dropped;
  }
}

/** The older file of a log that was rotated. */
export function rotatedName(file: string): string {
  return `${file}.1`;
}

export class LogFile implements LogTarget {
  #fd: number | null = null;
  #inode = 0;
  /** The directory of the file when the file was opened first. */
  #directory: FileIdentity | null = null;

  /** @param maxBytes of the file; both files together take twice as much */
  constructor(
    private readonly file: string,
    private readonly maxBytes: number,
  ) {}

  append(bytes: Buffer): number {
    let fd = this.#current();
    const { size } = fstatSync(fd);
    const isFull = size > 0 && size + bytes.length > this.maxBytes;
    if (isFull && this.#isInPlace()) {
      renameSync(this.file, rotatedName(this.file));
      this.close();
      fd = this.#open();
    }
    return writeWhole(fd, bytes);
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  /** The file that has the name now. */
  #current(): number {
    if (this.#fd === null) return this.#open();
    if (lstatSync(this.file, { throwIfNoEntry: false })?.ino === this.#inode) return this.#fd;
    if (!this.#isInPlace()) return this.#fd;
    this.close();
    return this.#open();
  }

  /** Whether the name leads to the directory in which the file was opened. */
  #isInPlace(): boolean {
    return this.#directory !== null && isFile(dirname(this.file), this.#directory);
  }

  #open(): number {
    const fd = openOwnFile(this.file, APPEND);
    this.#fd = fd;
    this.#inode = fstatSync(fd).ino;
    this.#directory ??= identityOf(dirname(this.file));
    return fd;
  }
}

/**
 * Returns how many bytes were written.
 *
 * @throws Error if no byte could be written
 */
export function writeWhole(fd: number, bytes: Buffer): number {
  let written = 0;
  while (written < bytes.length) {
    try {
      const count = writeSync(fd, bytes, written);
      if (count === 0) break;
      written += count;
    } catch (error) {
      if (written === 0) throw error;
      break;
    }
  }
  return written;
}
