/**
 * The worker's sink: numbers facts and lines in one sequence and appends them to the attempt's two files.
 *
 * With the disk full, progress and log lines are dropped, counted and said once there is room; a durable fact waits
 * for room, since the block it announces must not start before it is on disk.
 */
import { dirname } from "node:path";
import type { Sink } from "../../ops/api/sink.js";
import type { FactBody } from "../../protocol/fact.js";
import type { LogStream } from "../../protocol/operation.js";
import { eventsFile, logFile } from "../run-files/names.js";
import { syncDirectory } from "../store/durable-file.js";
import { AppendFile, isNoSpace } from "./append-file.js";

/** A longer line is cut into pieces of so many characters. */
const MAX_LINE = 64 * 1024;
const RETRY_MS = 250;

export class RunSink implements Sink {
  readonly #events: AppendFile;
  readonly #log: AppendFile;
  #dropped = 0;

  constructor(
    private readonly dir: string,
    private readonly attempt: number,
    private seq: number,
    private lines: number,
  ) {
    this.#events = new AppendFile(eventsFile(dir));
    this.#log = new AppendFile(logFile(dir));
  }

  /** Makes the files' names durable; once, before the first durable fact. */
  syncNames(): void {
    for (const dir of [this.dir, dirname(this.dir), dirname(dirname(this.dir))]) syncDirectory(dir);
  }

  fact(body: FactBody, durable: boolean): void {
    if (!durable) {
      this.#sayDropped();
      this.#orDrop(() => this.#append(this.#events, body));
      return;
    }
    for (;;) {
      try {
        this.#append(this.#events, body);
        this.#events.sync();
        return;
      } catch (error) {
        if (!isNoSpace(error)) throw error;
        pause(RETRY_MS);
      }
    }
  }

  line(stream: LogStream, stage: string | null, text: string): void {
    for (const line of text.split(/\r?\n/)) this.outputLine(stream, stage, line, undefined);
  }

  /** As `line`, for one line; `end` is how far the worker's output file was read, so that none is read twice. */
  outputLine(stream: LogStream, stage: string | null, text: string, end: number | undefined): void {
    this.#sayDropped();
    for (let start = 0; start === 0 || start < text.length; start += MAX_LINE) {
      this.#orDrop(() => this.#appendLine(stream, stage, text.slice(start, start + MAX_LINE), end));
    }
  }

  /** The last word: log first, then the outcome, both durable. */
  finish(body: FactBody): void {
    this.#sayDropped();
    this.#log.sync();
    this.fact(body, true);
  }

  close(): void {
    this.#events.close();
    this.#log.close();
  }

  #append(file: AppendFile, body: FactBody): void {
    const { type, ...rest } = body;
    const seq = this.seq + 1;
    file.append(`${JSON.stringify({ seq, at: now(), attempt: this.attempt, type, ...rest })}\n`);
    this.seq = seq;
  }

  #appendLine(stream: LogStream, stage: string | null, text: string, end: number | undefined): void {
    const n = this.lines + 1;
    const seq = this.seq + 1;
    const { attempt } = this;
    // `n` first: pages are found by it without parsing the line.
    this.#log.append(`${JSON.stringify({ n, seq, at: now(), attempt, stage, stream, text, end })}\n`);
    this.lines = n;
    this.seq = seq;
  }

  #orDrop(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      this.#dropped++;
    }
  }

  #sayDropped(): void {
    if (this.#dropped === 0) return;
    const count = this.#dropped;
    try {
      this.#append(this.#events, { type: "records:dropped", count });
      this.#appendLine(
        "liveops",
        null,
        `${count} log lines or progress records were dropped: the disk was full`,
        undefined,
      );
      this.#dropped = 0;
    } catch (error) {
      if (!isNoSpace(error)) throw error;
    }
  }
}

function now(): string {
  return new Date().toISOString();
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
