/**
 * Follows an attempt's log through its rotation: the worker renames `log.ndjson` to `log.1.ndjson` and begins a new
 * one whenever it reaches half its bound.
 *
 * A renamed file is read to its end through the open descriptor before the next one is opened, so no line that still
 * exists is skipped.
 */
import { lstatSync } from "node:fs";
import { logFile, olderLogFile } from "./attempt-files.js";
import { seekLine } from "./seek.js";
import { Tail } from "./tail.js";

export class LogTail {
  #tail: Tail;
  /** There was a log to open. */
  #found: boolean;

  /** @param isBefore lines for which it is true are skipped; they must come first */
  constructor(
    private readonly dir: string,
    private readonly isBefore?: (line: string) => boolean,
  ) {
    // Opened now, so that renames before the first read do not matter.
    try {
      this.#tail = this.#begin();
      this.#found = this.#tail.inode() !== null;
    } catch {
      // The first read tries again, and throws.
      this.#tail = new Tail(logFile(dir));
      this.#found = false;
    }
  }

  /** Calls back for every new complete line, at most about `maxBytes` of them; returns whether there was any. */
  read(onLine: (line: string) => void, maxBytes = Number.POSITIVE_INFINITY): boolean {
    if (!this.#found) {
      // The log may have been made, and renamed, since.
      this.#tail.close();
      this.#tail = this.#begin();
      this.#found = this.#tail.inode() !== null;
      if (!this.#found) return false;
    }
    let left = maxBytes;
    let any = false;
    const counted = (line: string) => {
      left -= line.length + 1;
      onLine(line);
    };
    while (left > 0) {
      if (this.#tail.read(counted, left)) any = true;
      // The next file is opened only at the end of this one.
      else if (!this.#advance(counted)) break;
    }
    return any;
  }

  close(): void {
    this.#tail.close();
  }

  #begin(): Tail {
    const { isBefore } = this;
    const older = olderLogFile(this.dir);
    const size = lstatSync(older, { throwIfNoEntry: false })?.size ?? 0;
    const start = isBefore && size > 0 ? seekLine(older, isBefore) : 0;
    if (start < size) return new Tail(older, start);
    const file = logFile(this.dir);
    return new Tail(file, isBefore ? seekLine(file, isBefore) : 0);
  }

  /** Opens the next file once the open one was renamed; false if the open one is the newest. */
  #advance(onLine: (line: string) => void): boolean {
    const ours = this.#tail.inode();
    if (ours === null || ours === inodeOf(logFile(this.dir))) return false;
    this.#tail.read(onLine);
    const next = ours === inodeOf(olderLogFile(this.dir)) ? logFile(this.dir) : olderLogFile(this.dir);
    // Between two renames there may be no file of that name for a moment.
    if (inodeOf(next) === null) return false;
    this.#tail.close();
    this.#tail = new Tail(next);
    return true;
  }
}

function inodeOf(file: string): number | null {
  return lstatSync(file, { throwIfNoEntry: false })?.ino ?? null;
}
