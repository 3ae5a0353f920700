/**
 * Where the run files of operations are read: on this machine, or also where the engine keeps them.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Layout, runDir } from "../store/layout.js";
import { eventsFile } from "./attempt-files.js";
import {
  type EventsPlace,
  EventsReader,
  type IsBefore,
  type LineReader,
  TextReader,
} from "./events-reader.js";
import { LogTail } from "./log-tail.js";
import { seekLine } from "./seek.js";
import { Tail } from "./tail.js";
import { isDirectory } from "./unreadable.js";
import type { WorkerEvents } from "./worker-events.js";

/** The run files of one operation. */
export interface RunFiles {
  /**
   * Attempts that have run files, in order. @throws IrregularFileError if a path is no directory
   */
  attempts(): number[];
  events(attempt: number, isBefore: IsBefore): LineReader;
  log(attempt: number, isBefore?: IsBefore): LineReader;
  /** Tells what is wrong in the log of an attempt. A page tells it each time. */
  reportLog(attempt: number, problem: string): void;
}

export interface Runs {
  /**
   * Resolves when the run files of the operations can be read as far as they are known now. What
   * cannot be brought stays as it is: readers get the part that is here.
   */
  bring(ids: readonly string[]): Promise<void>;
  of(id: string): RunFiles;
}

/**
 * The run files in the directory of an operation. @param report - gets what is damaged. Default:
 * nobody is told
 */
export function localFiles(runDir: string, report: (problem: string) => void = () => {}): RunFiles {
  const dirOf = (attempt: number) => join(runDir, String(attempt));
  return {
    attempts: () => attemptsIn(runDir),
    events: (attempt, isBefore) => {
      const file = eventsFile(dirOf(attempt));
      return new Tail(file, seekLine(file, isBefore));
    },
    log: (attempt, isBefore) => new LogTail(dirOf(attempt), isBefore),
    reportLog: (attempt, problem) => report(`${dirOf(attempt)}: the log: ${problem}`),
  };
}

/**
 * Reads the events of an attempt where they are. Another worker may begin the attempt again, if its
 * first worker has not accepted it: then they are in another file.
 */
export class MovingReader implements LineReader {
  #place: EventsPlace | null = null;
  #reader: LineReader | null = null;

  /** @param elsewhere opens the events where no worker has them */
  constructor(
    private readonly find: () => EventsPlace | null,
    private readonly elsewhere: () => LineReader,
    private readonly isBefore: IsBefore,
  ) {}

  read(onLine: (line: string) => void, maxBytes?: number): boolean {
    const place = this.find();
    if (place !== null && place !== this.#place) {
      this.close();
      this.#place = place;
      this.#reader = new EventsReader(place, this.isBefore);
    }
    this.#reader ??= this.elsewhere();
    return this.#reader.read(onLine, maxBytes);
  }

  close(): void {
    this.#reader?.close();
  }
}

/**
 * All run files are on this machine. The events of an attempt are in the file of its worker until
 * they are sealed; then they are in the history, or in the attempt's directory if they are long.
 *
 * @param sealed the sealed events of an attempt as text; null: they are not in the history
 * @param report gets what is damaged, in words
 * @param look takes what the files of a running operation have now into its record
 */
export function localRuns(
  layout: Layout,
  workerEvents: WorkerEvents,
  sealed: (id: string, attempt: number) => string | null,
  report: (problem: string) => void = () => {},
  look: (id: string) => void = () => {},
): Runs {
  const of = (id: string): RunFiles => {
    const files = localFiles(runDir(layout, id), report);
    return {
      ...files,
      events: (attempt, isBefore) => {
        const elsewhere = () => {
          const text = sealed(id, attempt);
          return text === null ? files.events(attempt, isBefore) : new TextReader(text, isBefore);
        };
        return new MovingReader(() => workerEvents.get(id, attempt), elsewhere, isBefore);
      },
    };
  };
  return { bring: async (ids) => ids.forEach(look), of };
}

/**
 * Attempt numbers that have run files, in order.
 *
 * @throws IrregularFileError if a path that must be a directory is something else
 */
export function attemptsIn(runDir: string): number[] {
  if (!isDirectory(runDir)) return [];
  const attempts: number[] = [];
  for (const entry of readdirSync(runDir, { withFileTypes: true })) {
    if (!/^\d+$/.test(entry.name)) continue;
    if (!entry.isDirectory()) isDirectory(join(runDir, entry.name));
    attempts.push(Number(entry.name));
  }
  return attempts.sort((a, b) => a - b);
}
