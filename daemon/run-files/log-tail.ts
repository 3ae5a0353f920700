/**
 * Follows an attempt's log through its rotation: the worker renames a full `log.ndjson` to
 * `log.<part>.ndjson`, begins a new one, and removes the oldest parts.
 *
 * A renamed file is read to its end through the open descriptor before the next one is opened, so
 * no line that still exists is skipped. Each part begins with a note of what was cut before it
 * (`LogHead`). A reader gets the note in the place of the lines that it has not read.
 */
import { lstatSync } from "node:fs";
import { dirname } from "node:path";
import type { LogLine } from "../../protocol/operation.js";
import { parseRecord } from "../../protocol/record-line.js";
import { logFile, olderLogFiles } from "./attempt-files.js";
import { firstLineOfFile, seekLine } from "./seek.js";
import { Tail } from "./tail.js";
import { isDirectory } from "./unreadable.js";

/**
 * A record of a log file: lines that were written together. `n` and `seq` are the numbers of the
 * last one.
 */
export interface LogRecord extends Omit<LogLine, "text"> {
  lines: string[];
  /** How far the worker's own output file was read, for lines that came from there. */
  end?: number;
  /**
   * Of the first record of a later part, whose line is a note: bytes of all earlier lines of the
   * attempt.
   */
  cut?: number;
}

/**
 * The first record of a part that is not the first: it has the number of the last line before the
 * part.
 */
export type LogHead = LogRecord & Required<Pick<LogRecord, "cut">>;

/** The lines of a record, each with its own numbers. */
export function linesOf({ n, seq, at, attempt, stage, step, stream, lines }: LogRecord): LogLine[] {
  const ofStep = step === undefined ? null : { step };
  return lines.map((text, index) => {
    const after = lines.length - index - 1;
    return { n: n - after, seq: seq - after, at, attempt, stage, ...ofStep, stream, text };
  });
}

/** Number of the first line of a record. */
export function firstOf({ n, lines }: Pick<LogRecord, "n" | "lines">): number {
  return n - lines.length + 1;
}

export class LogTail {
  #tail: Tail;
  /** There was a log to open. */
  #found = false;
  /** The next line is the first of its file. */
  #isAtStart = true;
  /** The open file follows the one before it without a gap. */
  #isNext = false;
  /** The last line that was passed on. */
  #last: string | null = null;

  /** @param isBefore lines for which it is true are skipped; they must come first */
  constructor(
    private readonly dir: string,
    private readonly isBefore?: (line: string) => boolean,
  ) {
    this.#tail = new Tail(logFile(dir));
    try {
      // Opened now, so that renames before the first read do not matter.
      this.#find();
    } catch {
      // The first read tries again, and throws.
    }
  }

  /**
   * Calls back for every new complete line, at most about `maxBytes` of them; returns whether there
   * was any.
   */
  read(onLine: (line: string) => void, maxBytes = Number.POSITIVE_INFINITY): boolean {
    // The log may have been made, and renamed, since.
    if (!this.#found && !this.#find()) return false;
    let left = maxBytes;
    let any = false;
    const take = (line: string) => {
      left -= line.length + 1;
      const isAtStart = this.#isAtStart;
      this.#isAtStart = false;
      if (isAtStart && this.#isNeedless(line)) return;
      any = true;
      this.#last = line;
      onLine(line);
    };
    while (left > 0) {
      // The next file is opened only at the end of this one.
      if (!this.#tail.read(take, left) && !this.#advance(take)) break;
    }
    return any;
  }

  close(): void {
    this.#tail.close();
  }

  /**
   * Opens the log; false if there is none. @throws IrregularFileError if something else is in the
   * place of a directory
   */
  #find(): boolean {
    // Most attempts log nothing, and have no directory.
    if (!isDirectory(dirname(this.dir)) || !isDirectory(this.dir)) return false;
    this.#tail.close();
    this.#tail = this.#begin();
    this.#found = this.#tail.inode() !== null;
    return this.#found;
  }

  #begin(): Tail {
    return this.#among((files) => {
      const { isBefore } = this;
      for (const file of files.toReversed()) {
        const first = isBefore ? firstLineOfFile(file) : null;
        if (first !== null && isBefore?.(first)) return this.#open(file, seekLine(file, isBefore));
      }
      return this.#open(files[0]!, 0);
    });
  }

  /**
   * Opens one of the parts. Where a rotation renamed them meanwhile, two looks may be of two parts:
   * looks again.
   */
  #among(open: (files: string[]) => Tail): Tail {
    for (;;) {
      const files = this.#files();
      const tail = open(files);
      // The file is open now: later renames do not matter.
      tail.inode();
      if (files.join() === this.#files().join()) return tail;
      tail.close();
    }
  }

  #open(file: string, offset: number): Tail {
    this.#isAtStart = offset === 0;
    return new Tail(file, offset);
  }

  /** All parts, oldest first. */
  #files(): string[] {
    const file = logFile(this.dir);
    // Most attempts have no log, or a short one; between two renames there is only the file to be
    // renamed.
    if (inodeOf(file) === null && inodeOf(`${file}.new`) === null) return [file];
    return [...olderLogFiles(this.dir), file];
  }

  /** Opens the next file once the open one was renamed; false if the open one is the newest. */
  #advance(take: (line: string) => void): boolean {
    const ours = this.#tail.inode();
    if (ours === null || ours === inodeOf(logFile(this.dir))) return false;
    this.#tail.read(take);
    let place = -1;
    const next = this.#among((files) => {
      place = files.findIndex((file) => inodeOf(file) === ours);
      return new Tail(files[place + 1] ?? logFile(this.dir));
    });
    // Between the two renames of a rotation there is no newest file: the next read tries again.
    if (next.inode() === null) return false;
    this.#tail.close();
    this.#tail = next;
    this.#isAtStart = true;
    this.#isNext = place !== -1;
    return true;
  }

  /**
   * Whether the line is the head of a part, and the lines before the part were read or are not
   * wanted.
   */
  #isNeedless(line: string): boolean {
    const head = parseRecord<LogHead>(line);
    if (head?.cut === undefined) return false;
    if (this.#isNext) return true;
    const last = this.#last === null ? null : parseRecord<LogRecord>(this.#last);
    if (last !== null) return last.n >= head.n;
    return this.isBefore?.(line) ?? false;
  }
}

function inodeOf(file: string): number | null {
  return lstatSync(file, { throwIfNoEntry: false })?.ino ?? null;
}
