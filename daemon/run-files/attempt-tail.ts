/**
 * Tails both files of a live attempt and hands on what they say, in the worker's order of writing.
 *
 * fs.watch is only a hint: it may miss the last write, so the executor's half-second round and the worker's exit
 * call `read` as well. The events are read first: whatever an outcome was written after is then in the log.
 */
import { type FSWatcher, watch } from "node:fs";
import type { WorkerFact } from "../../protocol/fact.js";
import type { LogLine } from "../../protocol/operation.js";
import { eventsFile, logFile } from "./names.js";
import { Tail } from "./tail.js";

/** A log line as stored; `end`: how far the worker's own output file was read, for lines that came from there. */
export type StoredLine = LogLine & { end?: number };

export interface AttemptListener {
  onFacts(facts: WorkerFact[]): void;
  onLines(lines: StoredLine[]): void;
  onDamage(file: string, line: string): void;
}

export class AttemptTail {
  readonly #events: Tail;
  readonly #log: Tail;
  #watcher: FSWatcher | null = null;

  constructor(
    private readonly dir: string,
    private readonly listener: AttemptListener,
  ) {
    this.#events = new Tail(eventsFile(dir));
    this.#log = new Tail(logFile(dir));
  }

  start(): void {
    try {
      this.#watcher = watch(this.dir, () => this.read());
      this.#watcher.on("error", () => this.#unwatch());
    } catch {
      // Out of watches: the half-second round carries on alone.
    }
    this.read();
  }

  /** Reads both files to their end. */
  read(): void {
    const facts: WorkerFact[] = [];
    this.#events.read((line) => this.#parse(eventsFile(this.dir), line, facts));
    if (facts.length > 0) this.listener.onFacts(facts);
    const lines: StoredLine[] = [];
    this.#log.read((line) => this.#parse(logFile(this.dir), line, lines));
    if (lines.length > 0) this.listener.onLines(lines);
  }

  close(): void {
    this.#unwatch();
    this.#events.close();
    this.#log.close();
  }

  #parse<T>(file: string, line: string, into: T[]): void {
    try {
      into.push(JSON.parse(line) as T);
    } catch {
      this.listener.onDamage(file, line);
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }
}
