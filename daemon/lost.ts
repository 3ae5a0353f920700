/**
 * What to make of a worker that died without an outcome: why it died, its last words, and what becomes of the
 * operation.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import type { FailureCode } from "../protocol/errors.js";
import type { Outcome } from "../protocol/fact.js";
import type { LogStream } from "../protocol/operation.js";
import type { Attempt } from "./attempt.js";
import { bootId } from "./process/identity.js";
import type { WorkerIdentity } from "./store/decision.js";
import { isNoSpace } from "./store/durable-file.js";
import type { WorkerExit, workerFiles } from "./worker/pool.js";
import { RunSink } from "./worker/run-sink.js";

/** How often in a row a worker may die under one operation before it counts as the operation's doing. */
export const MAX_LOSSES = 3;

/** At most so much of the unread output is kept. */
const LAST_WORDS = 64 * 1024;

/** Appends the output that the dead worker had not yet read into its log; returns what it wrote to stderr. */
export function keepLastWords(attempt: Attempt, files: ReturnType<typeof workerFiles>): string {
  const { record } = attempt.entry;
  const sink = openSink(attempt);
  const stage =
    record.stageStates[record.stages[record.currentStage] ?? ""] === "active"
      ? record.stages[record.currentStage]!
      : null;
  let stderr = "";
  try {
    for (const [stream, file] of [
      ["stdout", files.stdoutFile],
      ["stderr", files.stderrFile],
    ] as const) {
      const text = tailOf(file, attempt.outputEnd[stream]);
      if (stream === "stderr") stderr = text;
      if (sink) writeLines(sink, stream, stage, text);
    }
  } finally {
    sink?.close();
  }
  attempt.read();
  return stderr;
}

/** Null where the disk is full: then the last words are not kept. */
function openSink({ dir, number, seq, entry }: Attempt): RunSink | null {
  try {
    return new RunSink(dir, number, seq, entry.record.logLines, Number.POSITIVE_INFINITY);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (isMissing || isNoSpace(error)) return null;
    throw error;
  }
}

function writeLines(sink: RunSink, stream: LogStream, stage: string | null, text: string): void {
  if (text === "") return;
  for (const line of text.replace(/\r?\n$/, "").split(/\r?\n/))
    sink.outputLine(stream, stage, line, undefined);
}

function tailOf(file: string, from: number): string {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const start = Math.max(from, size - LAST_WORDS);
  if (size <= start) return "";
  const bytes = Buffer.alloc(size - start);
  const fd = openSync(file, "r");
  try {
    readSync(fd, bytes, 0, bytes.length, start);
  } finally {
    closeSync(fd);
  }
  return bytes.toString("utf8");
}

/** The outcome of an attempt whose worker is dead and whose files are at their end. */
export function outcomeOfLost(attempt: Attempt, exit: WorkerExit | null, stderr: string): Outcome {
  const { stopReason, policy } = attempt.run;
  if (stopReason === "cancel") return { state: "cancelled", result: null, error: null, next: null };
  if (stopReason === "timeout") {
    return failed(
      "LIVEOPS_TIMEOUT",
      `it ran longer than its timeout of ${policy.timeout} s and did not stop when told to`,
    );
  }
  return failed(
    "LIVEOPS_WORKER_LOST",
    `${describeDeath(attempt.run.worker, exit, stderr)}; its last log lines are kept`,
  );
}

export function describeDeath(worker: WorkerIdentity, exit: WorkerExit | null, stderr: string): string {
  if (/JavaScript heap out of memory|Array buffer allocation failed/.test(stderr)) {
    return "its worker ran out of memory";
  }
  if (worker.bootId !== bootId()) return "the machine was restarted while it ran";
  if (!exit) return "its worker died while no daemon was watching";
  if (exit.signal === "SIGSEGV" || exit.signal === "SIGBUS") return `its worker crashed (${exit.signal})`;
  if (exit.signal === "SIGKILL")
    return "its worker was killed (SIGKILL: by someone, or by the system for lack of memory)";
  if (exit.signal) return `its worker was ended by ${exit.signal}`;
  return `its worker ended with exit code ${exit.code}`;
}

function failed(code: FailureCode, message: string): Outcome {
  return { state: "failed", result: null, error: { code, message, stack: null }, next: null };
}
