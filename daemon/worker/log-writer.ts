/**
 * Appends the log lines of one attempt, and begins a new part of the log when the present one is long. The newest parts
 * stay.
 */
import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { LogLine, LogStream } from "../../protocol/operation.js";
import { encodeRecord } from "../../protocol/record-line.js";
import { AppendFile } from "../../protocol/system/append-file.js";
import { sharedTime } from "../os/shared-clock.js";
import { logFile } from "../run-files/attempt-files.js";
import { newLogFile, partBytes, removeOldestParts, replaceLog, sizeText } from "../run-files/log-parts.js";
import type { LogHead } from "../run-files/log-tail.js";
import { isDiskFull, syncDirectory } from "../store/durable-file.js";

export class LogWriter {
  /** Begun with the first line: many operations log nothing. */
  #file: AppendFile | null = null;
  /** Number of the attempt's first line. */
  readonly #first: number;
  /** Bytes of the lines of earlier parts, and of the head of the current part. */
  #earlier = 0;
  #head = 0;

  constructor(
    private readonly dir: string,
    private readonly attempt: number,
    /** Number of the last line. */
    private lines: number,
    /** Bytes of the newest lines to keep; the files take up to two parts more. */
    private readonly maxLog: number,
    /** The directory has just been created: nobody can have watched it. */
    private readonly onCreated: () => void = () => {},
  ) {
    this.#first = lines + 1;
  }

  get isEmpty(): boolean {
    return this.#file === null;
  }

  /**
   * @param end how far the worker's output file was read, so that no line is read twice
   * @throws the system error; the line is then not in the log
   */
  append(
    seq: number,
    stream: LogStream,
    { stage, step }: Pick<LogLine, "stage" | "step">,
    text: string,
    end?: number,
  ): void {
    const n = this.lines + 1;
    const { attempt } = this;
    this.#file ??= this.#create();
    // `n` first: pages are found by it without parsing the line.
    this.#file.append(encodeRecord({ n, seq, at: sharedTime(), attempt, stage, step, stream, text, end }));
    this.lines = n;
  }

  /** Call after each line. @param seq number of the line */
  rotateIfLong(seq: number): void {
    if (this.#file !== null && this.#file.length > partBytes(this.maxLog)) this.#rotate(this.#file, seq);
  }

  sync(): void {
    this.#file?.sync();
  }

  /** Makes the names of the log's files durable. */
  syncNames(): void {
    syncLogNames(this.dir);
  }

  close(): void {
    this.#file?.close();
  }

  #create(): AppendFile {
    const isNew = mkdirSync(this.dir, { recursive: true, mode: 0o700 }) !== undefined;
    const file = new AppendFile(logFile(this.dir));
    if (isNew) this.onCreated();
    return file;
  }

  /**
   * Begins a new part of the log, and removes the oldest parts that are not needed for `maxLog` bytes. Without space
   * for a new file, the present file continues until there is space.
   */
  #rotate(full: AppendFile, seq: number): void {
    const fresh = newLogFile(this.dir);
    const earlier = this.#earlier + full.length - this.#head;
    let next: AppendFile;
    try {
      // The end of the attempt syncs only the last part.
      full.sync();
      next = this.#begin(fresh, earlier, seq);
    } catch (error) {
      rmSync(fresh, { force: true });
      if (isDiskFull(error)) return;
      throw error;
    }
    replaceLog(this.dir);
    full.close();
    this.#file = next;
    this.#earlier = earlier;
    this.#head = next.length;
    removeOldestParts(this.dir, this.maxLog);
  }

  /** A file that begins with a note of the lines before it, for readers that do not find them any more. */
  #begin(file: string, earlier: number, seq: number): AppendFile {
    const next = new AppendFile(file);
    const { lines: n, attempt } = this;
    const count = n - this.#first + 1;
    const text = `lines ${this.#first} to ${n} were cut (${count} lines, ${sizeText(earlier)} as stored): the log of an attempt keeps its newest ${sizeText(this.maxLog)} as stored`;
    const head: LogHead = {
      n,
      seq,
      at: sharedTime(),
      attempt,
      stage: null,
      stream: "liveops",
      text,
      cut: earlier,
    };
    try {
      next.append(encodeRecord(head));
      return next;
    } catch (error) {
      next.close();
      throw error;
    }
  }
}

/** Makes the names in the directory of an attempt durable, and the names of the directory and of its operation's. */
export function syncLogNames(attemptDir: string): void {
  const runDir = dirname(attemptDir);
  for (const dir of [attemptDir, runDir, dirname(runDir)]) syncDirectory(dir);
}
