/**
 * The stored facts and log lines of an operation, all attempts, merged in `seq` order, taken up where the last call
 * stopped.
 *
 * Numbers run without a gap over daemon facts, worker facts and lines, so a line is handed on only when the one
 * before it was: the two files of a live attempt are read one after the other, and the later read may be ahead.
 */
import { join } from "node:path";
import type { EventLine } from "../../protocol/client/client.js";
import type { DaemonFact } from "../../protocol/fact.js";
import { eventsFile, logFile } from "./names.js";
import { seekLine } from "./seek.js";
import { Tail } from "./tail.js";

/** Bytes read from a file at a time: the reader may be slow, and memory must not follow the file's size. */
const READ_BYTES = 64 * 1024;

type Stored = Exclude<EventLine, { type: "end" }>;

export class MergedEvents {
  #next: number;
  #attempt = 0;
  #events: Tail | null = null;
  #log: Tail | null = null;
  #lastFact = 0;
  #lastLine = 0;
  #ahead = new Map<number, Stored>();

  constructor(
    private readonly runDir: string,
    after: number,
    private readonly withLog: boolean,
  ) {
    this.#next = after + 1;
  }

  /**
   * What comes next, at most some tens of kilobytes of it; empty where nothing has come yet.
   *
   * @param facts the daemon's own facts, as they are now
   * @param attempt the attempt that is running or ran last
   * @param settled nothing more will be written: a gap (a power cut) is passed over
   */
  read(facts: readonly DaemonFact[], attempt: number, settled: boolean): Stored[] {
    const out: Stored[] = [];
    for (;;) {
      for (const fact of facts) if (fact.seq >= this.#next) this.#ahead.set(fact.seq, fact);
      this.#take(out);
      if (out.length > 0) return out;
      if (this.#readFiles()) continue;
      if (this.#attempt < attempt) this.#open(this.#attempt + 1);
      else if (settled && this.#ahead.size > 0) this.#next = Math.min(...this.#ahead.keys());
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

  /** Reads a piece of the file that is behind, so that little is held ahead; of the other where it has no more. */
  #readFiles(): boolean {
    const events = () => this.#events?.read((text) => this.#keep(text, false), READ_BYTES) ?? false;
    const log = () => this.#log?.read((text) => this.#keep(text, true), READ_BYTES) ?? false;
    return this.#lastFact <= this.#lastLine ? events() || log() : log() || events();
  }

  #keep(text: string, isLine: boolean): void {
    let parsed: Stored & { end?: number };
    try {
      parsed = JSON.parse(text);
    } catch {
      return; // Damaged: the daemon said so when it tailed the file.
    }
    if (isLine) this.#lastLine = parsed.seq;
    else this.#lastFact = parsed.seq;
    if (parsed.seq < this.#next) return;
    const { end: _, ...stored } = parsed;
    this.#ahead.set(parsed.seq, (isLine ? { ...stored, type: "log:line" } : stored) as Stored);
  }

  #open(attempt: number): void {
    this.close();
    this.#attempt = attempt;
    const dir = join(this.runDir, String(attempt));
    const isBefore = (text: string) => (JSON.parse(text) as { seq: number }).seq < this.#next;
    const at = (file: string) =>
      new Tail(
        file,
        seekLine(file, (text) => safely(isBefore, text)),
      );
    this.#events = at(eventsFile(dir));
    this.#log = at(logFile(dir));
    this.#lastFact = 0;
    this.#lastLine = 0;
  }
}

function safely(test: (text: string) => boolean, text: string): boolean {
  try {
    return test(text);
  } catch {
    return true;
  }
}
