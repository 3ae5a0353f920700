/** Run files of an attempt as a worker writes them, and what another host reads of them. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cursor, RunFile } from "../../../../daemon/features/fleet/engine/rows.js";
import { eventsFile, logFile, olderLogFiles } from "../../../../daemon/run-files/attempt-files.js";
import type { EventsPlace } from "../../../../daemon/run-files/events-reader.js";
import type { RunFiles } from "../../../../daemon/run-files/runs.js";
import type { RunWriter } from "../../../../daemon/worker/run-writer.js";
import { parseRecord } from "../../../../protocol/record-line.js";
import { FileWriter, placeIn } from "../../../harness/file-writer.js";

export const ID = "aaa111bbb222";

/** The reader runs no attempt. */
export const NONE = { get: () => null };

/** The attempt's directory at the host that runs it, with its worker's sink. */
export class SourceAttempt {
  readonly dir: string;
  readonly sink: RunWriter;
  #percent = 0;
  #line = 0;

  /** @param maxLog - bytes; a 32nd of it, at least 4 KiB, is a part of the log */
  constructor(
    readonly runs: string,
    maxLog: number,
    readonly id = ID,
    readonly attempt = 1,
    seq = 0,
  ) {
    const runDir = join(runs, id);
    mkdirSync(runDir, { recursive: true });
    this.dir = join(runDir, String(attempt));
    this.sink = new FileWriter(this.dir, seq, 0, maxLog, true);
  }

  /** An event of progress. */
  event(): void {
    this.sink.event({ type: "progress:changed", percent: ++this.#percent, progress: null }, false);
  }

  line(length: number): void {
    this.sink.line("stdout", null, `${++this.#line} ${"x".repeat(length)}`);
  }

  get events(): EventsPlace {
    return placeIn(this.dir);
  }

  get texts(): Record<RunFile, string[]> {
    return textsIn(this.dir);
  }

  get last(): Cursor {
    return lastOf(this.texts);
  }
}

/** The stored lines of an attempt, without the notes that begin a part of the log. */
function textsIn(dir: string): Record<RunFile, string[]> {
  if (!existsSync(dir)) return { events: [], log: [] };
  const log = [...olderLogFiles(dir), logFile(dir)].flatMap(linesOf);
  return { events: linesOf(eventsFile(dir)), log: log.filter((text) => !text.includes('"cut":')) };
}

/** The lines of an attempt as another host reads them. */
export function textsOf(files: RunFiles, attempt = 1): Record<RunFile, string[]> {
  const read = (file: RunFile) => {
    const lines: string[] = [];
    const reader = files[file](attempt, () => false);
    reader.read((line) => lines.push(line));
    reader.close();
    return lines;
  };
  return { events: read("events"), log: read("log") };
}

/** Number of the last line of each file. */
function lastOf(texts: Record<RunFile, string[]>): Cursor {
  const seq = (text: string | undefined) =>
    text === undefined ? 0 : parseRecord<{ seq: number }>(text)!.seq;
  return { events: seq(texts.events.at(-1)), log: seq(texts.log.at(-1)) };
}

/** Complete lines: a writer may have reserved space after them. */
function linesOf(file: string): string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8").split("\n").slice(0, -1);
}
