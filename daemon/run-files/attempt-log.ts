/**
 * The log of a running attempt. While somebody reads it, its new records are passed on. Otherwise
 * only its last record is, for the numbers of its lines: a program that prints very much then costs
 * the daemon nothing.
 */
import { lstatSync } from "node:fs";
import { dirname } from "node:path";
import { numberOfRecord, parseRecord } from "../../protocol/record-line.js";
import { logFile } from "./attempt-files.js";
import type { LineReader } from "./events-reader.js";
import { type LogRecord, LogTail } from "./log-tail.js";
import { linesBackwards } from "./seek.js";
import { isDirectory } from "./unreadable.js";

export class AttemptLog implements LineReader {
  /** Null: nobody reads the log. */
  #tail: LogTail | null = null;
  /** Inode and size of the file when it was looked at last. */
  #looked = "";
  /** Number of the last line then. */
  #last = 0;

  /** @param dir of the attempt */
  constructor(
    private readonly dir: string,
    private readonly isRead: () => boolean,
  ) {}

  read(onLine: (line: string) => void, maxBytes?: number): boolean {
    const isRead = this.isRead();
    if (!isRead) this.close();
    if (this.#tail === null) this.#look(onLine);
    if (!isRead) return false;
    this.#tail ??= new LogTail(this.dir, (text) => {
      const n = numberOfRecord(text);
      return n !== null && n <= this.#last;
    });
    return this.#tail.read(onLine, maxBytes);
  }

  close(): void {
    this.#tail?.close();
    this.#tail = null;
  }

  /** Passes on the last whole record, if there is a new one. */
  #look(onLine: (line: string) => void): void {
    const file = logFile(this.dir);
    const stats = lstatSync(file, { throwIfNoEntry: false });
    const looked = `${stats?.ino} ${stats?.size}`;
    if (looked === this.#looked) return;
    // A link in the place of a directory is no log.
    if (!isDirectory(dirname(this.dir)) || !isDirectory(this.dir)) return;
    for (const text of linesBackwards(file)) {
      const record = parseRecord<LogRecord>(text);
      if (record === null) continue;
      if (record.n > this.#last) onLine(text);
      this.#last = Math.max(this.#last, record.n);
      break;
    }
    // A file that cannot be read is looked at again, so that the error stays.
    this.#looked = looked;
  }
}
