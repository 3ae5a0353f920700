/**
 * A file this process alone appends to, synchronously. A write that the disk cuts short is taken back, so that the
 * file always ends with a whole line.
 */
import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";
import { writeAllSync } from "./replace-file.js";

export class AppendFile {
  readonly #fd: number;
  #length: number;

  constructor(file: string) {
    this.#fd = openSync(file, "a", 0o600);
    this.#length = fstatSync(this.#fd).size;
    // A writer that died in the middle of a line: what comes now must not be glued to it.
    if (this.#length > 0 && !endsWithNewline(file, this.#length)) this.append("\n");
  }

  /** Bytes in the file. */
  get length(): number {
    return this.#length;
  }

  /** @throws the system's error (ENOSPC and such); nothing of the text is in the file then. */
  append(text: string): void {
    const bytes = Buffer.from(text);
    try {
      writeAllSync(this.#fd, bytes);
    } catch (error) {
      ftruncateSync(this.#fd, this.#length);
      throw error;
    }
    this.#length += bytes.length;
  }

  sync(): void {
    fdatasyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function endsWithNewline(file: string, length: number): boolean {
  const fd = openSync(file, "r");
  try {
    const last = Buffer.alloc(1);
    readSync(fd, last, 0, 1, length - 1);
    return last[0] === 10;
  } finally {
    closeSync(fd);
  }
}
