/**
 * Run files of an operation for tests: events and lines of several attempts with one `seq` counter.
 */
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { eventsFile, logFile } from "../../../daemon/run-files/attempt-files.js";
import type { DaemonEvent, WorkerEvent } from "../../../protocol/event.js";
import type { LogLine } from "../../../protocol/operation.js";
import { encodeRecord } from "../../../protocol/record-line.js";
import { AT, submission } from "../../harness/records.js";

export type StoredLine = { type: "log:line" } & LogLine;
export type Stored = DaemonEvent | WorkerEvent | StoredLine;

/** What is said at one place in the sequence, and where it is kept. */
export interface Said {
  where: "daemon" | "events" | "log";
  attempt: number;
  value: Stored;
}

/**
 * `kinds` an attempt: true is a log line, false an event. Each attempt is begun by the daemon and
 * ended by it.
 */
export function story(kinds: boolean[][], padding = 0): Said[] {
  const said: Said[] = [];
  let n = 0;
  const add = (where: Said["where"], attempt: number, body: object) =>
    said.push({
      where,
      attempt,
      value: { seq: said.length + 1, at: AT, attempt, ...body } as Stored,
    });
  add("daemon", 0, { type: "operation:submitted", operation: submission() });
  kinds.forEach((attemptKinds, index) => {
    const attempt = index + 1;
    add("daemon", attempt, { type: "attempt:started" });
    for (const isLine of attemptKinds) {
      if (isLine) {
        const text = `line ${++n} ${"x".repeat(padding)}`;
        add("log", attempt, { type: "log:line", n, stage: null, stream: "log", text });
      } else
        add("events", attempt, {
          type: "progress:changed",
          percent: said.length % 100,
          progress: null,
        });
    }
    add("daemon", attempt, { type: "attempt:requeued", reason: "for a test" });
  });
  return said;
}

/** What is said as the worker writes it. */
export function textOf({ where, value }: Said): string {
  return where === "log" ? recordOf([value as StoredLine]) : encodeRecord(value);
}

/** The lines as a worker writes them that came together: consecutive ones. */
export function recordOf(lines: readonly LogLine[]): string {
  const { n, seq, at, attempt, stage, step, stream } = lines.at(-1)!;
  const texts = lines.map(({ text }) => text);
  return encodeRecord({ n, seq, at, attempt, stage, step, stream, lines: texts });
}

/** Most lines that come together. */
const TOGETHER = 5;

export function fileOf(runDir: string, { where, attempt }: Said): string {
  const dir = join(runDir, String(attempt));
  mkdirSync(dir, { recursive: true });
  return where === "log" ? logFile(dir) : eventsFile(dir);
}

/** Writes all that workers say into the run files. */
export function write(runDir: string, said: Said[]): void {
  const texts = new Map<string, string>();
  let lines: StoredLine[] = [];
  for (const [index, each] of said.entries()) {
    if (each.where === "daemon") continue;
    const file = fileOf(runDir, each);
    const isLine = each.where === "log";
    if (isLine) lines.push(each.value as StoredLine);
    const next = said[index + 1];
    const isNext = next?.where === "log" && next.value.seq === each.value.seq + 1;
    if (isLine && isNext && lines.length < TOGETHER) continue;
    texts.set(file, (texts.get(file) ?? "") + (isLine ? recordOf(lines) : textOf(each)));
    lines = [];
  }
  for (const [file, text] of texts) appendFileSync(file, text);
}
