/**
 * Tails both files of a live attempt and passes on their records, in the order in which the worker wrote them.
 *
 * `fs.watch` is only a hint and may miss the last write. So the scheduler's half-second round and the worker's exit
 * call `read` as well. The events are read first: all lines written before an outcome are then in the log.
 */
import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import type { WorkerEvent } from "../../protocol/event.js";
import type { LogLine } from "../../protocol/operation.js";
import { parseRecord } from "../../protocol/record-line.js";
import { EVENTS_FILE, eventsFile, LOG_FILE, logFile } from "./attempt-files.js";
import { LogTail } from "./log-tail.js";
import type { LineReader } from "./runs.js";
import { Tail } from "./tail.js";
import { isDirectory, isUnreadable } from "./unreadable.js";

/** A log line as stored; `end`: how far the worker's own output file was read, for lines that came from there. */
export type StoredLine = LogLine & { end?: number; cut?: number };

/** The events and the log of an attempt. */
export interface AttemptFiles {
  events: LineReader;
  log: LineReader;
}

export interface AttemptListener {
  /** Returns for how many ms the files need not be read then, however much is written. */
  onEvents(events: WorkerEvent[]): number;
  onLines(lines: StoredLine[]): void;
  onDamage(file: string, line: string): void;
  /** A file could not be read. The next read tries again; called once for each kind of error. */
  onUnreadable(error: Error): void;
}

/** Bytes read at a time: memory must not grow with a backlog. */
const PIECE = 1024 * 1024;

export class AttemptTail {
  readonly #events: LineReader;
  readonly #log: LineReader;
  #watcher: FSWatcher | null = null;
  #begin: NodeJS.Timeout | null = null;
  #rest: NodeJS.Timeout | null = null;
  #begun = false;
  #scheduled = false;
  #closed = false;
  /** Which file may have new records. A write after a read that reached the end is announced again. */
  #unread = { events: false, log: false };
  /** Why a file could not be read the last time; null if it could. */
  readonly unreadable: Record<"events" | "log", Error | null> = { events: null, log: null };

  constructor(
    private readonly dir: string,
    private readonly listener: AttemptListener,
    files: AttemptFiles = { events: new Tail(eventsFile(dir)), log: new LogTail(dir) },
  ) {
    this.#events = files.events;
    this.#log = files.log;
  }

  /**
   * @param delay ms until the first read, for an attempt that has just begun. Most shorter attempts are read once, when
   * their worker reports that it is idle
   */
  start(delay: number): void {
    const begin = () => {
      this.#begun = true;
      this.read();
    };
    if (delay > 0) this.#begin = setTimeout(begin, delay);
    else begin();
  }

  #watch(): void {
    try {
      this.#watcher = watch(this.dir, (_event, name) => this.#changed(name));
      this.#watcher.on("error", () => this.#unwatch());
    } catch {
      // No watch is left, or the worker has not made the directory yet: the half-second round tries again.
    }
  }

  /** Reads both files to their end. */
  read(): void {
    if (this.#begun && !this.#watcher && !this.#rest && !this.#closed) this.#watch();
    do {
      this.#unread = { events: true, log: true };
    } while (this.#readPiece());
  }

  close(): void {
    this.#closed = true;
    if (this.#begin) clearTimeout(this.#begin);
    if (this.#rest) clearTimeout(this.#rest);
    this.#unwatch();
    this.#events.close();
    this.#log.close();
  }

  #changed(name: string | null): void {
    if (name !== LOG_FILE) this.#unread.events = true;
    if (name !== EVENTS_FILE) this.#unread.log = true;
    this.#readSoon();
  }

  /** Reads a piece now and the rest in later turns, so that an operation that floods its log delays no other. */
  #readSoon(): void {
    if (this.#scheduled || this.#closed || !this.#readPiece()) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#readSoon();
    });
  }

  /** Returns whether there may be more. */
  #readPiece(): boolean {
    const unread = this.#unread;
    if (unread.events) {
      const events: WorkerEvent[] = [];
      unread.events = this.#readable("events", () => {
        this.#checkPlace();
        const any = this.#events.read((line) => this.#parse(eventsFile(this.dir), line, events), PIECE);
        return any && !(this.#events instanceof Tail && this.#events.atEnd);
      });
      if (events.some(({ type }) => type === "attempt:finished")) unread.log = true;
      if (events.length > 0) this.#restFor(this.listener.onEvents(events));
    }
    if (unread.log) {
      const lines: StoredLine[] = [];
      unread.log = this.#readable("log", () =>
        this.#log.read((line) => this.#parse(logFile(this.dir), line, lines), PIECE),
      );
      // Only a file's first record has this key.
      for (const line of lines) if (line.cut !== undefined) delete line.cut;
      if (lines.length > 0) this.listener.onLines(lines);
    }
    return unread.events || unread.log;
  }

  /**
   * Checks the directories until the first event was read. A link in the place of a directory would hide the events,
   * and an attempt without events counts as never started.
   */
  #checkPlace(): void {
    if (!(this.#events instanceof Tail) || this.#events.offset > 0) return;
    if (isDirectory(dirname(this.dir))) isDirectory(this.dir);
  }

  /** What `read` returns; false if the file cannot be read. The error is noted, and must not end the daemon. */
  #readable(file: "events" | "log", read: () => boolean): boolean {
    try {
      const more = read();
      this.unreadable[file] = null;
      return more;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      const isNews = this.unreadable[file]?.message !== error.message;
      this.unreadable[file] = error;
      if (isNews) this.listener.onUnreadable(error);
      return false;
    }
  }

  #restFor(ms: number): void {
    if (ms === 0 || this.#rest || this.#closed) return;
    // Each watch notification costs the writer time too.
    this.#unwatch();
    this.#rest = setTimeout(() => {
      this.#rest = null;
      this.#watch();
      this.#unread = { events: true, log: true };
      this.#readSoon();
    }, ms);
  }

  #parse<T>(file: string, line: string, into: T[]): void {
    const parsed = parseRecord<T>(line);
    if (parsed === null) this.listener.onDamage(file, line);
    else into.push(parsed);
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }
}
