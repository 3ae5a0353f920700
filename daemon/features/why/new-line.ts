/**
 * The first line of a log that no earlier success printed. Lines are compared without numbers,
 * times, ids and paths. Of a long log, the beginning and the end are compared.
 */
import { setImmediate as everythingElse } from "node:timers/promises";
import type { LogLine } from "../../../protocol/operation.js";
import { withoutSequences } from "../../../protocol/text/sgr.js";
import { slicesAfter } from "../../run-files/log-slices.js";
import type { RunFiles } from "../../run-files/runs.js";

/** Lines of a log that are compared: this many at its beginning, and as many at its end. */
const PART = 2000;
/** Milliseconds of CPU time for the logs of all successes, and for that of the failure. */
const SUCCESSES_MS = 80;
const FAILURE_MS = 60;
const LONGEST = 400;

export interface Log {
  readonly files: RunFiles;
  /**
   * Null: all of them, because a success that was resumed or approved has its stages in several.
   */
  readonly attempt: number | null;
  /** Lines over all attempts. */
  readonly lines: number;
}

export interface NewLine {
  readonly line: LogLine;
  /** Successes that it was compared with. */
  readonly runs: number;
  /** Parts of a log were not compared. */
  readonly isPartial: boolean;
}

/** Weekdays and months of a time. */
const DAYS =
  /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\b(?=.{0,12}\d)/g;

const VARIES = new RegExp(
  [
    "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}",
    // A path, also with a word before it: `--out=/tmp/x`.
    String.raw`(?:~|\.{1,2})?(?:\/[\w.@%+~=:-]+){2,}\/?`,
    // A number with its unit.
    String.raw`\b\d[\d.,:_-]*(?:\s?(?:[nµu]?s|ms|secs?|seconds?|mins?|minutes?|[kmgt]i?b?|bytes?|%))?\b`,
    String.raw`\b(?=[a-z_-]*\d)\w{6,}\b`,
  ].join("|"),
  "gi",
);

/** What a line has in common with the lines of other runs. */
export function shapeOf(text: string): string {
  return withoutSequences(text.slice(0, LONGEST))
    .replace(DAYS, "0")
    .replace(VARIES, "0")
    .replace(/\d+(?:[.,:]\d+)*/g, "0")
    .replace(/[=#.*>_\s-]{2,}/g, " ")
    .trim();
}

/** @returns null: all lines are known, or there is no success to compare with */
export async function firstNewLine(
  failed: Log,
  successes: readonly Log[],
): Promise<NewLine | null> {
  const work = new Work(SUCCESSES_MS);
  const known = new Set<string>();
  let runs = 0;
  for (const success of successes) {
    if (work.isOver || success.lines === 0) continue;
    let lines = 0;
    for await (const line of linesOf(success, work)) {
      known.add(shapeOf(line.text));
      lines++;
    }
    // A log that is gone tells nothing.
    if (lines > 0) runs++;
  }
  if (runs === 0) return null;
  const own = new Work(FAILURE_MS);
  for await (const line of linesOf(failed, own)) {
    const shape = shapeOf(line.text);
    if (shape === "" || line.stream === "liveops" || isCommand(line) || known.has(shape)) continue;
    return { line, runs, isPartial: work.isPartial || own.isPartial };
  }
  return null;
}

/** `$ make test`: liveops prints the command, and the change of the command is told by itself. */
const isCommand = ({ stream, text }: LogLine): boolean => stream === "log" && text.startsWith("$ ");

/** Bounded work; the event loop runs between two slices. */
class Work {
  #spent = 0;
  isPartial = false;

  constructor(private readonly milliseconds: number) {}

  get isOver(): boolean {
    return this.#spent >= this.milliseconds;
  }

  async *slices(log: Log, after: number): AsyncGenerator<LogLine[]> {
    const { attempt } = log;
    const files = attempt === null ? log.files : { ...log.files, attempts: () => [attempt] };
    const slices = slicesAfter(files, after);
    try {
      for (;;) {
        const began = process.threadCpuUsage();
        const next = slices.next();
        if (next.done) return;
        yield next.value.lines;
        const { user, system } = process.threadCpuUsage(began);
        this.#spent += (user + system) / 1000;
        await everythingElse();
      }
    } finally {
      slices.return(undefined);
    }
  }
}

async function* linesOf(log: Log, work: Work): AsyncGenerator<LogLine> {
  let count = 0;
  let last = 0;
  const end = log.lines - PART;
  for await (const lines of work.slices(log, 0)) {
    for (const line of lines) {
      yield line;
      last = line.n;
    }
    count += lines.length;
    if (work.isOver) work.isPartial ||= last < log.lines;
    if (work.isOver) return;
    if (count >= PART && last < end) break;
  }
  if (last >= log.lines || last === 0) return;
  if (last < end) work.isPartial = true;
  for await (const lines of work.slices(log, Math.max(last, end))) {
    yield* lines;
    if (work.isOver) return;
  }
}
