/**
 * A file this process alone writes, synchronously, one line after the other. A write that the disk cuts short is taken
 * back, so that the file always ends with a whole line.
 *
 * Room may be reserved ahead: tabs after the last line, which later lines take the place of. A sync then has bytes to
 * write and no new size of the file, which saves a journaling file system a commit and others a block. To whoever
 * reads the file they are a line not finished yet; they go when it is closed.
 *
 * A line may be made durable before anyone sees it: it is written without its newline, synced, and then committed,
 * which writes the newline. A reader that takes whole lines alone never shows what a power cut may take.
 */
import { closeSync, constants, fdatasyncSync, fstatSync, ftruncateSync, readSync } from "node:fs";
import { openOwnFile } from "../../protocol/own-file.js";
import { writeAllSync } from "./replace-file.js";

const NEWLINE = 10;
const NEWLINES = Buffer.from("\n");
/** What room made ahead is filled with, a tab: no JSON text holds one that is not escaped. */
export const FILLER = 9;

export interface AppendOptions {
  /** Most bytes to reserve at a time, a power of two of at least 4,096; 0, the default: none. */
  reserve?: number;
}

const LEAST = 4096;

export class AppendFile {
  readonly #fd: number;
  readonly #reserve: number;
  /** Bytes of lines. */
  #length = 0;
  /** Bytes of lines and of room. */
  #size: number;
  /** The last line is durable and has a filler in place of its newline. */
  #isUncommitted = false;

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

  /** @throws the system's error (ENOSPC and such); nothing of the text is in the file then. */
  append(text: string): void {
    this.commit();
    this.#append(Buffer.from(text));
  }

  /**
   * Appends a line and makes it durable. No reader sees it before `commit`.
   *
   * @param line - with its newline
   * @throws the system's error; nothing of the line is in the file then, so that it may be appended again
   */
  appendSynced(line: string): void {
    this.commit();
    const bytes = Buffer.from(line);
    bytes[bytes.length - 1] = FILLER;
    const before = this.#length;
    this.#append(bytes);
    try {
      this.sync();
    } catch (error) {
      this.#cutBack(before);
      throw error;
    }
    this.#isUncommitted = true;
  }

  /**
   * Shows the line that was appended last.
   *
   * @throws the system's error; the line is durable all the same, and may be committed again
   */
  commit(): void {
    if (!this.#isUncommitted) return;
    writeAllSync(this.#fd, NEWLINES, this.#length - 1);
    this.#isUncommitted = false;
  }

  #append(bytes: Buffer): void {
    const end = this.#length + bytes.length;
    if (end <= this.#size || this.#reserve === 0) this.#write(bytes, end);
    else this.#extend(bytes, end);
  }

  sync(): void {
    fdatasyncSync(this.#fd);
  }

  close(): void {
    try {
      this.commit();
    } catch {
      // It is durable, and is found without its newline when its writer is gone.
    }
    if (this.#size > this.#length) giveBack(this.#fd, this.#length);
    closeSync(this.#fd);
  }

  #extend(bytes: Buffer, end: number): void {
    try {
      this.#write(withRoom(bytes, end, this.#reserve), end);
    } catch {
      // There may still be room for the text alone.
      this.#write(bytes, end);
    }
  }

  /** The kernel may have dropped what a failed sync was to write: it is written again, not synced again. */
  #cutBack(length: number): void {
    this.#length = length;
    try {
      ftruncateSync(this.#fd, length);
      this.#size = length;
    } catch {
      // It ends in no newline, and what is written next takes its place.
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

  /** A writer that died in the middle of a line: what comes now must not be glued to it. */
  #takeUp(): void {
    const { end, last } = endOfText(this.#fd, this.#size);
    this.#length = end;
    if (end > 0 && last !== NEWLINE) this.append("\n");
  }
}

/**
 * The bytes with room after them, in proportion to what is there: short files stay short.
 *
 * @param end - where in the file the bytes end
 * @param most - bytes of room at a time, a power of two of at least 4,096
 */
export function withRoom(bytes: Buffer, end: number, most: number): Buffer {
  const step = Math.min(most, Math.max(LEAST, 2 ** Math.floor(Math.log2(end))));
  const size = Math.ceil((end + step / 2) / step) * step;
  return Buffer.concat([bytes, Buffer.alloc(size - end, FILLER)]);
}

/** Takes away the room that a writer had reserved which is dead, where that can be; a line it did not finish stays. */
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

/** Where nothing can be changed, as on a full disk that copies on write, it stays: it does no harm. */
function giveBack(fd: number, end: number): void {
  try {
    ftruncateSync(fd, end);
  } catch {
    // Whoever opens the file next finds it as room.
  }
}

/**
 * Where the room at the end begins, and the byte before it. Zeros are room too: a power cut leaves them, and a file
 * that was made longer holds them.
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

/** Bytes read at a time once the last 4 KiB held nothing. */
const LONG = 1024 * 1024;
const ZEROS = Buffer.alloc(LEAST);

/** Whether the piece holds zeros alone: asked in steps, since a file of a gigabyte may hold nothing else. */
function isFill(piece: Buffer, length: number): boolean {
  for (let start = 0; start < length; start += LEAST) {
    const end = Math.min(length, start + LEAST);
    if (!piece.subarray(start, end).equals(ZEROS.subarray(0, end - start))) return false;
  }
  return true;
}
