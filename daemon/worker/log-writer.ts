/**
 * Appends the log lines of one attempt, and begins a new part of the log when the present one is
 * long. The newest parts stay.
 */
import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { MAX_LOG_LINE } from "../../protocol/limits.js";
import type { LogLine, LogStream } from "../../protocol/operation.js";
import { encodeRecord } from "../../protocol/record-line.js";
import { AppendFile } from "../../protocol/system/append-file.js";
import { sharedTime } from "../os/shared-clock.js";
import { logFile } from "../run-files/attempt-files.js";
import {
  newLogFile,
  partBytes,
  removeOldestParts,
  replaceLog,
  sizeText,
} from "../run-files/log-parts.js";
import type { LogHead } from "../run-files/log-tail.js";
import { isDiskFull, syncDirectory } from "../store/durable-file.js";

/** Most characters of the lines of a record: what a pipe holds. */
const MOST_CHARACTERS = 64 * 1024;
/** Most lines of a record: a page of the log reads whole records. */
const MOST_LINES = 512;

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
   * Appends lines as one record.
   *
   * @param seq number of the last line
   * @param end how far the worker's output file was read, so that no line is read twice
   * @throws the system error; no line is then in the log
   */
  append(
    seq: number,
    stream: LogStream,
    { stage, step }: Pick<LogLine, "stage" | "step">,
    lines: readonly string[],
    end?: number,
  ): void {
    const n = this.lines + lines.length;
    const { attempt } = this;
    this.#file ??= this.#create();
    this.#file.append(
      encodeRecord({ n, seq, at: sharedTime(), attempt, stage, step, stream, lines, end }),
    );
    this.lines = n;
  }

  /** The lines in the groups that a record may hold; a line that is too long is cut. */
  *records(lines: readonly string[]): Generator<string[]> {
    const most = Math.min(MOST_CHARACTERS, partBytes(this.maxLog));
    let record: string[] = [];
    let characters = 0;
    const isLong = ({ length }: string) => length > MAX_LOG_LINE;
    for (const line of lines.flatMap((each) =>
      isLong(each) ? [...cutLine(each, MAX_LOG_LINE)] : each,
    )) {
      if (record.length === MOST_LINES || (record.length > 0 && characters + line.length > most)) {
        yield record;
        record = [];
        characters = 0;
      }
      record.push(line);
      characters += line.length;
    }
    if (record.length > 0) yield record;
  }

  /** Call after each record. @param seq number of its last line */
  rotateIfLong(seq: number): void {
    if (this.#file !== null && this.#file.length > partBytes(this.maxLog))
      this.#rotate(this.#file, seq);
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
   * Begins a new part of the log, and removes the oldest parts that are not needed for `maxLog`
   * bytes. Without space for a new file, the present file continues until there is space.
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

  /**
   * A file that begins with a note of the lines before it, for readers that do not find them any
   * more.
   */
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
      lines: [text],
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

/**
 * Makes the names in the directory of an attempt durable, and the names of the directory and of its
 * operation's.
 */
export function syncLogNames(attemptDir: string): void {
  const runDir = dirname(attemptDir);
  for (const dir of [attemptDir, runDir, dirname(runDir)]) syncDirectory(dir);
}

/** Cuts a line that is too long for the log into several, never inside a character. */
export function* cutLine(text: string, max: number): Generator<string> {
  if (text.length <= max) {
    yield text;
    return;
  }
  for (let start = 0; start < text.length; ) {
    let end = Math.min(text.length, start + max);
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end--;
    yield text.slice(start, end);
    start = end;
  }
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
