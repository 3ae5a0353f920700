/**
 * The file of the daemon's log, with a bound: when it is full it becomes `<file>.1`, in the place of the one before,
 * and a new file is begun.
 *
 * The file is looked up by its name at each write, so that a file that was moved or removed is made again. Only a
 * regular file is written: a pipe without a reader would block, and a symbolic link may lead to somebody else's file.
 */
import { closeSync, fstatSync, lstatSync, renameSync, writeSync } from "node:fs";
import { APPEND, openOwnFile } from "../../protocol/own-file.js";
import type { LogTarget } from "./log-writer.js";

/** The older file of a log that was rotated. */
export function rotatedName(file: string): string {
  return `${file}.1`;
}

export class LogFile implements LogTarget {
  #fd: number | null = null;
  #inode = 0;

  /** @param maxBytes of the file; with the older one it takes twice as much */
  constructor(
    private readonly file: string,
    private readonly maxBytes: number,
  ) {}

  append(bytes: Buffer): number {
    let fd = this.#current();
    const { size } = fstatSync(fd);
    if (size > 0 && size + bytes.length > this.maxBytes) {
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
    this.close();
    return this.#open();
  }

  #open(): number {
    const fd = openOwnFile(this.file, APPEND);
    this.#fd = fd;
    this.#inode = fstatSync(fd).ino;
    return fd;
  }
}

/**
 * Returns how many bytes were written.
 *
 * @throws Error where that is none
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
