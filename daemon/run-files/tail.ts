/**
 * Follows a file that another process appends to: reads only new and complete lines.
 *
 * Only the offset of the last newline is remembered, so another daemon can continue with the same
 * file. A missing file counts as empty. A file that shrank (a power cut) is read from its new end.
 * Zero bytes after the last newline are not a line: a power cut leaves them, and so does a file
 * that was made longer.
 */
import { closeSync, fstatSync, lstatSync, readSync } from "node:fs";
import { endOfText, FILLER } from "../../protocol/system/append-file.js";
import { IrregularFileError, openOwnFile, readAt } from "../../protocol/system/own-file.js";

const CHUNK = 256 * 1024;
/**
 * Bytes of the first piece of a read: mostly there are a few new lines, and reserved space after
 * them.
 */
const FIRST = 4096;
const buffer = Buffer.allocUnsafe(CHUNK);
const NEWLINE = 10;
/** Bytes; no record is that long. */
export const MOST_LINE = 256 * 1024 * 1024;

export class Tail {
  #fd: number | null = null;
  /** Byte after the last newline read. */
  offset: number;
  /** The last read reached the end of the file as it was then. */
  atEnd = false;

  constructor(
    private readonly file: string,
    offset = 0,
  ) {
    this.offset = offset;
  }

  /**
   * Calls back for every new complete line, at most about `maxBytes` of them but at least one;
   * returns whether there was any.
   */
  read(onLine: (line: string) => void, maxBytes = Number.POSITIVE_INFINITY): boolean {
    const fd = this.#open();
    if (fd === null) return false;
    let any = false;
    let taken = 0;
    // The beginning of a line, in pieces. Not kept for the next read: a writer removes a line cut
    // by a full disk.
    let rest: Buffer[] = [];
    let restLength = 0;
    const most = Math.min(CHUNK, Math.max(1, maxBytes));
    for (let wanted = Math.min(FIRST, most); !any || taken < maxBytes; ) {
      const length = readSync(fd, buffer, 0, wanted, this.offset + restLength);
      if (length === 0 && taken === 0) this.offset = Math.min(this.offset, fstatSync(fd).size);
      taken += length;
      this.atEnd = length < wanted;
      const read = buffer.subarray(0, length);
      const newline = read.indexOf(NEWLINE);
      if (newline === -1) {
        rest.push(Buffer.from(read));
        restLength += length;
        if (restLength > MOST_LINE)
          throw new IrregularFileError(`${this.file} holds a line of over 256 MiB`);
      } else {
        let bytes: Buffer = restLength > 0 ? Buffer.concat([...rest, read]) : read;
        // The write is over: the newline at its end was seen.
        if (isTorn(bytes)) bytes = readAt(fd, this.offset, this.offset + bytes.length);
        const used = this.#cut(bytes, onLine);
        any = true;
        rest = [Buffer.from(bytes.subarray(used))];
        restLength = bytes.length - used;
      }
      // No line holds a tab or a zero byte: only reserved space follows.
      const last = buffer[length - 1];
      if (length > 0 && (last === FILLER || last === 0)) this.atEnd = true;
      if (this.atEnd) break;
      wanted = taken < maxBytes ? Math.min(most, maxBytes - taken) : most;
    }
    return any;
  }

  /** The inode of the open file, even if it was renamed; null if there is no file yet. */
  inode(): number | null {
    const fd = this.#open();
    return fd === null ? null : fstatSync(fd).ino;
  }

  /**
   * The bytes after the last newline as a line, once the writer is done. Reserved space is not part
   * of it.
   */
  takeRest(): string {
    const fd = this.#open();
    if (fd === null) return "";
    const { end } = endOfText(fd, fstatSync(fd).size);
    if (end - this.offset > MOST_LINE) return "";
    const rest = readAt(fd, this.offset, end);
    this.offset += rest.length;
    return rest.toString("utf8");
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  /** Returns the bytes of complete lines. */
  #cut(bytes: Buffer, onLine: (line: string) => void): number {
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      const line = bytes.toString("utf8", start, end);
      this.offset += end + 1 - start;
      start = end + 1;
      onLine(line);
    }
    return start;
  }

  #open(): number | null {
    if (this.#fd !== null) return this.#fd;
    // Often there is no file: checking first saves an exception.
    if (lstatSync(this.file, { throwIfNoEntry: false }) === undefined) return null;
    try {
      this.#fd = openOwnFile(this.file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    return this.#fd;
  }
}

/**
 * Whether bytes of complete lines hold a tab. Reads beside a write into reserved space may see the
 * end of what is written, and in an earlier read, or earlier in the same one, the space in the
 * place of its beginning.
 */
function isTorn(bytes: Buffer): boolean {
  const tab = bytes.indexOf(FILLER);
  return tab !== -1 && bytes.lastIndexOf(NEWLINE) > tab;
}
