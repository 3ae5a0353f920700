/**
 * A file to which only this process appends lines, synchronously. A short write is undone, so that
 * the file always ends with a complete line.
 *
 * Space may be reserved ahead: tabs after the last line, which later lines overwrite. A sync then
 * writes bytes but no new file size, which saves a journaling file system a commit and others a
 * block. For a reader, the tabs are an incomplete line. They are removed when the file is closed.
 *
 * Lines may be made durable before readers see them: they are written with a tab in the place of
 * each newline and synced; the commit then writes the newlines. So a reader of complete lines never
 * sees a line that a power cut may remove.
 */
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  readSync,
  renameSync,
} from "node:fs";
import { dirname } from "node:path";
import { openOwnFile, readAt } from "./own-file.js";
import { syncDirectory, writeAllSync } from "./replace-file.js";

const NEWLINE = 10;
const NEWLINES = Buffer.from("\n");
/** The filler of reserved space, a tab: JSON text on one line never contains an unescaped tab. */
export const FILLER = 9;

export interface AppendOptions {
  /** Most bytes to reserve at a time, a power of two of at least 4,096. Default: 0, no reserve. */
  reserve?: number;
}

const LEAST = 4096;

export class AppendFile {
  #fd: number;
  readonly #reserve: number;
  /** Bytes of lines. */
  #length = 0;
  /** Bytes of lines and of reserved space. */
  #size: number;
  /** The last lines, which are durable and have a filler in place of each newline; null: none. */
  #uncommitted: Buffer | null = null;

  constructor(file: string, { reserve = 0 }: AppendOptions = {}) {
    this.#reserve = reserve;
    this.#fd = openOwnFile(file, constants.O_RDWR | constants.O_CREAT);
    this.#size = fstatSync(this.#fd).size;
    if (this.#size > 0) this.#takeUp();
  }

  /** Bytes of lines in the file. */
  get length(): number {
    return this.#length;
  }

  /** @throws the system error (such as ENOSPC); the file then contains no part of the text */
  append(text: string): void {
    this.commit();
    this.#append(Buffer.from(text));
  }

  /**
   * Appends lines and makes them durable by one sync. No reader sees them before `commit`.
   *
   * @param lines - each with its newline
   * @throws the system error; the file then contains no part of the lines, which may be appended
   *   again
   */
  appendSynced(lines: string): void {
    this.commit();
    const committed = Buffer.from(lines);
    const bytes = Buffer.from(committed);
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at))
      bytes[at] = FILLER;
    const before = this.#length;
    this.#append(bytes);
    try {
      this.sync();
    } catch (error) {
      this.#cutBack(before);
      throw error;
    }
    this.#uncommitted = committed;
  }

  /**
   * Makes the last appended lines visible to readers.
   *
   * @throws the system error; the lines are still durable, and may be committed again
   */
  commit(): void {
    const lines = this.#uncommitted;
    if (lines === null) return;
    const first = lines.indexOf(NEWLINE);
    writeAllSync(this.#fd, lines.subarray(first), this.#length - lines.length + first);
    this.#uncommitted = null;
  }

  /** Writes nothing new, and wakes those who watch the file. */
  touch(): void {
    if (this.#length > 0 && this.#uncommitted === null)
      writeAllSync(this.#fd, NEWLINES, this.#length - 1);
  }

  #append(bytes: Buffer): void {
    const end = this.#length + bytes.length;
    if (end <= this.#size || this.#reserve === 0) this.#write(bytes, end);
    else this.#extend(bytes, end);
  }

  sync(): void {
    fdatasyncSync(this.#fd);
  }

  /**
   * The file was removed while it was open: writes its lines anew. They are durable, and later
   * lines follow.
   */
  writeAnew(file: string): void {
    this.commit();
    const fresh = `${file}.new`;
    const fd = openOwnFile(fresh, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC);
    try {
      writeAllSync(fd, readAt(this.#fd, 0, this.#length), 0);
      fdatasyncSync(fd);
      renameSync(fresh, file);
      syncDirectory(dirname(file));
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(this.#fd);
    this.#fd = fd;
    this.#size = this.#length;
  }

  close(): void {
    try {
      this.commit();
    } catch {
      // The line is durable, and is read without its newline after its writer has ended.
    }
    if (this.#size > this.#length) giveBack(this.#fd, this.#length);
    closeSync(this.#fd);
  }

  #extend(bytes: Buffer, end: number): void {
    try {
      this.#write(withRoom(bytes, end, this.#reserve), end);
    } catch {
      // The disk may still have space for the text without the reserve.
      this.#write(bytes, end);
    }
  }

  /**
   * The kernel may drop the data of a failed sync, so a retry must write it again, not only sync
   * again.
   */
  #cutBack(length: number): void {
    this.#length = length;
    try {
      ftruncateSync(this.#fd, length);
      this.#size = length;
    } catch {
      // The line has no newline, and the next write overwrites it.
    }
  }

  #write(bytes: Buffer, end: number): void {
    try {
      writeAllSync(this.#fd, bytes, this.#length);
    } catch (error) {
      ftruncateSync(this.#fd, this.#length);
      this.#size = this.#length;
      throw error;
    }
    this.#size = Math.max(this.#size, this.#length + bytes.length);
    this.#length = end;
  }

  /**
   * Continues an existing file. Ends the incomplete line of a dead writer, so that the next line is
   * separate.
   */
  #takeUp(): void {
    const { end, last } = endOfText(this.#fd, this.#size);
    this.#length = end;
    if (end > 0 && last !== NEWLINE) this.append("\n");
  }
}

/**
 * Returns the bytes followed by reserved space, in proportion to the file, so that short files stay
 * short.
 *
 * @param end - offset in the file where the bytes end
 * @param most - most bytes of reserved space at a time, a power of two of at least 4,096
 */
export function withRoom(bytes: Buffer, end: number, most: number): Buffer {
  const step = Math.min(most, Math.max(LEAST, 2 ** Math.floor(Math.log2(end))));
  const size = Math.ceil((end + step / 2) / step) * step;
  return Buffer.concat([bytes, Buffer.alloc(size - end, FILLER)]);
}

/** Removes the space that a dead writer reserved, if possible. Keeps an incomplete line. */
export function giveBackReserved(file: string): void {
  let fd: number;
  try {
    fd = openOwnFile(file, constants.O_RDWR);
  } catch {
    return;
  }
  try {
    const { size } = fstatSync(fd);
    const { end } = endOfText(fd, size);
    if (end < size) giveBack(fd, end);
  } finally {
    closeSync(fd);
  }
}

/**
 * If truncation fails, as on a full copy-on-write disk, the reserved space stays, which does no
 * harm.
 */
function giveBack(fd: number, end: number): void {
  try {
    ftruncateSync(fd, end);
  } catch {
    // The next writer finds it as reserved space.
  }
}

/**
 * Finds where the reserved space at the end begins, and the byte before it. Zeros count as reserved
 * space, because a power cut and an extended file leave them.
 */
export function endOfText(fd: number, size: number): { end: number; last: number } {
  if (size > LONG && fstatSync(fd).blocks === 0) return { end: 0, last: NEWLINE };
  let piece = Buffer.alloc(LEAST);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - piece.length);
    const length = readSync(fd, piece, 0, end - start, start);
    for (let n = isFill(piece, length) ? -1 : length - 1; n >= 0; n--)
      if (piece[n] !== FILLER && piece[n] !== 0) return { end: start + n + 1, last: piece[n]! };
    end = start;
    if (piece.length === LEAST) piece = Buffer.alloc(LONG);
  }
  return { end: 0, last: NEWLINE };
}

/** Bytes to read at a time if the last 4 KiB are empty. */
const LONG = 1024 * 1024;
const ZEROS = Buffer.alloc(LEAST);

/**
 * Whether the piece contains only zeros. Compares in steps, because a file may contain a gigabyte
 * of zeros.
 */
function isFill(piece: Buffer, length: number): boolean {
  for (let start = 0; start < length; start += LEAST) {
    const end = Math.min(length, start + LEAST);
    if (!piece.subarray(start, end).equals(ZEROS.subarray(0, end - start))) return false;
  }
  return true;
}
