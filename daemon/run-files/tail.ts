/**
 * Follows a file that another process appends to: reads what has come since, whole lines only.
 *
 * Nothing is remembered but the offset of the last newline, so the same file can be taken up again by another
 * daemon. A missing file is an empty one; one that shrank (a power cut) is read from its new end, and said.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const CHUNK = 256 * 1024;
const buffer = Buffer.allocUnsafe(CHUNK);

export class Tail {
  #fd: number | null = null;
  #rest = Buffer.alloc(0);
  /** Byte after the last newline read. */
  offset: number;
  /** The last read met the end of the file as it was then. */
  atEnd = false;

  constructor(
    private readonly file: string,
    offset = 0,
  ) {
    this.offset = offset;
  }

  /**
   * Calls back for every complete line that has come, at most about `maxBytes` of them but at least one; returns
   * whether there was any.
   */
  read(onLine: (line: string) => void, maxBytes = Number.POSITIVE_INFINITY): boolean {
    const fd = this.#open();
    if (fd === null) return false;
    // Never taken from the last time: a writer takes back what a full disk cut short.
    this.#rest = Buffer.alloc(0);
    let any = false;
    let taken = 0;
    const wanted = Math.min(CHUNK, Math.max(1, maxBytes));
    while (!any || taken < maxBytes) {
      const position = this.offset + this.#rest.length;
      const length = readSync(fd, buffer, 0, wanted, position);
      if (length > 0) any = this.#cut(buffer.subarray(0, length), onLine) || any;
      else if (taken === 0) this.offset = Math.min(this.offset, fstatSync(fd).size);
      taken += length;
      this.atEnd = length < wanted;
      if (this.atEnd) break;
    }
    return any;
  }

  /** Of the open file, whatever its name is by now; null where there is none yet. */
  inode(): number | null {
    const fd = this.#open();
    return fd === null ? null : fstatSync(fd).ino;
  }

  /** The bytes after the last newline, taken as a line: the writer is done. */
  takeRest(): string {
    const text = this.#rest.toString("utf8");
    this.offset += this.#rest.length;
    this.#rest = Buffer.alloc(0);
    return text;
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #cut(chunk: Buffer, onLine: (line: string) => void): boolean {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let start = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      const line = bytes.toString("utf8", start, end);
      this.offset += end + 1 - start;
      start = end + 1;
      onLine(line);
    }
    this.#rest = Buffer.from(bytes.subarray(start));
    return start > 0;
  }

  #open(): number | null {
    if (this.#fd !== null) return this.#fd;
    try {
      this.#fd = openSync(this.file, "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    return this.#fd;
  }
}
