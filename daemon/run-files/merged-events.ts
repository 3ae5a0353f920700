/**
 * Merges the stored events and log lines of all attempts of an operation in `seq` order. Each call
 * continues where the last one stopped.
 *
 * Numbers run without a gap over daemon events, worker events and lines, so a line is passed on
 * only after the one before it. The two files of a live attempt are read one after the other, and
 * the later read may be ahead.
 */
import type { DaemonEvent } from "../../protocol/event.js";
import { parseRecord, seqOfRecord } from "../../protocol/record-line.js";
import type { EventLine } from "../../protocol/stream-lines.js";
import type { LineReader } from "./events-reader.js";
import { type LogRecord, linesOf } from "./log-tail.js";
import type { RunFiles } from "./runs.js";

/**
 * Bytes read from a file at a time: the reader may be slow, and memory must not grow with the file.
 */
const READ_BYTES = 64 * 1024;

type Stored = Exclude<EventLine, { type: "end" }>;

/** Keys of the files that no reader of the events gets. */
interface OnlyStored {
  n?: number;
  id?: string;
  entry?: unknown;
  used?: unknown;
  value?: unknown;
  items?: unknown;
}

export class MergedEvents {
  #next: number;
  #attempt = 0;
  #events: LineReader | null = null;
  #log: LineReader | null = null;
  #lastEvent = 0;
  #lastLine = 0;
  #ahead = new Map<number, Stored>();

  constructor(
    private readonly files: RunFiles,
    after: number,
    private readonly withLog: boolean,
  ) {
    this.#next = after + 1;
  }

  /**
   * The next records, at most some tens of kilobytes; empty if there are none yet.
   *
   * @param events the daemon's own events, as they are now
   * @param attempt the attempt that is running or ran last
   */
  read(events: readonly DaemonEvent[], attempt: number): Stored[] {
    const out: Stored[] = [];
    for (;;) {
      for (const event of events) if (event.seq >= this.#next) this.#ahead.set(event.seq, event);
      this.#take(out);
      if (out.length > 0) return out;
      if (this.#readOn()) continue;
      const isPast = this.#lastEvent > this.#next || this.#lastLine > this.#next;
      if (!isPast && this.#attempt < attempt) this.#open(this.#attempt + 1);
      // The missing numbers were cut, damaged or lost.
      else if (this.#ahead.size > 0) this.#next = smallest(this.#ahead.keys());
      else return out;
    }
  }

  close(): void {
    this.#events?.close();
    this.#log?.close();
  }

  #take(out: Stored[]): void {
    for (let line = this.#ahead.get(this.#next); line; line = this.#ahead.get(this.#next)) {
      if (this.withLog || line.type !== "log:line") out.push(line);
      this.#ahead.delete(this.#next++);
    }
  }

  /**
   * Reads a piece of a file that may still hold the next number; false if neither file does.
   *
   * The events are read again after the log. The worker writes in order: a number that is then in
   * neither file, while a later number is, was never written or is gone.
   */
  #readOn(): boolean {
    return this.#readEvents() || this.#readLog() || this.#readEvents();
  }

  #readEvents(): boolean {
    if (this.#lastEvent > this.#next) return false;
    return this.#events?.read((text) => this.#keepEvent(text), READ_BYTES) ?? false;
  }

  #readLog(): boolean {
    if (this.#lastLine > this.#next) return false;
    return this.#log?.read((text) => this.#keepLines(text), READ_BYTES) ?? false;
  }

  #keepEvent(text: string): void {
    const parsed = parseRecord<Stored & OnlyStored>(text);
    // Damaged: the daemon reported this when it tailed the file.
    if (parsed === null) return;
    this.#lastEvent = parsed.seq;
    if (parsed.seq < this.#next) return;
    const { n: _, id: __, entry: ___, used: ____, value: _____, items: ______, ...event } = parsed;
    this.#ahead.set(parsed.seq, event as Stored);
  }

  #keepLines(text: string): void {
    const record = parseRecord<LogRecord>(text);
    if (record === null) return;
    this.#lastLine = record.seq;
    for (const line of linesOf(record))
      if (line.seq >= this.#next) this.#ahead.set(line.seq, { ...line, type: "log:line" });
  }

  #open(attempt: number): void {
    this.close();
    this.#attempt = attempt;
    const isBefore = (text: string) => seqOf(text) < this.#next;
    this.#events = this.files.events(attempt, isBefore);
    this.#log = this.files.log(attempt, isBefore);
    this.#lastEvent = 0;
    this.#lastLine = 0;
  }
}

/**
 * A damaged line is never before: the search ends in front of it, and lines already read are
 * skipped.
 */
function seqOf(text: string): number {
  return seqOfRecord(text) ?? Number.POSITIVE_INFINITY;
}

function smallest(numbers: Iterable<number>): number {
  let least = Number.POSITIVE_INFINITY;
  for (const n of numbers) if (n < least) least = n;
  return least;
}
