/**
 * Handles a worker that died without an outcome: the cause of death, its final output, and the
 * operation's outcome or requeue. Also corrects outcomes whose cause the worker did not know: a
 * timeout.
 */
import { closeSync, fdatasyncSync, fstatSync } from "node:fs";
import type { Cause } from "../../protocol/errors.js";
import type { Outcome } from "../../protocol/event.js";
import { MAX_LOG_LINE } from "../../protocol/limits.js";
import type { LogStream, OperationError } from "../../protocol/operation.js";
import { parseRecord } from "../../protocol/record-line.js";
import { openOwnFile, readAt } from "../../protocol/system/own-file.js";
import { bootId } from "../os/process-identity.js";
import { logFile } from "../run-files/attempt-files.js";
import { type LogRecord, LogTail } from "../run-files/log-tail.js";
import { isUnreadable } from "../run-files/unreadable.js";
import type { Entry, Policy, Run, WorkerLosses } from "../store/decision.js";
import { isDiskFull } from "../store/durable-file.js";
import type { workerFiles } from "../store/layout.js";
import { cutLine, LogWriter, syncLogNames } from "../worker/log-writer.js";
import type { WorkerExit } from "../worker/pool.js";
import { isForeign } from "../worker/worker-processes.js";
import type { Attempt } from "./attempt.js";

/**
 * After this many worker deaths in a row an operation fails: the operation counts as their cause.
 */
export const MAX_LOSSES = 3;

/**
 * After this many worker deaths in a row before acceptance an operation fails. None of its code
 * ran, so the bound is higher: a daemon that is killed between start and order causes one such
 * death each time.
 */
export const MAX_UNACCEPTED = 10;

/** Most bytes of unread output that are kept. */
const LAST_WORDS = 64 * 1024;

/** Appends the dead worker's unread output to the log; returns what the worker wrote to stderr. */
export function captureFinalOutput(
  attempt: Attempt,
  files: ReturnType<typeof workerFiles>,
): string {
  const { record } = attempt.entry;
  const log = openLog(attempt);
  const tracked = record.stages[record.currentStage] ?? "";
  const stage =
    record.untrackedStage ?? (record.stageStates[tracked] === "active" ? tracked : null);
  let stderr = "";
  try {
    for (const [stream, file] of [
      ["stdout", files.stdoutFile],
      ["stderr", files.stderrFile],
    ] as const) {
      const unread = readUnread(file, () => outputEnd(attempt.dir, stream));
      if (stream === "stderr") stderr = unread.bytes.toString("utf8");
      if (log) writeLines(log, stream, stage, unread);
    }
  } finally {
    log?.close();
  }
  syncLog(attempt.dir);
  attempt.read();
  return stderr;
}

/** How many bytes of the worker's own output file are in the log. Reads all of the log. */
function outputEnd(attemptDir: string, stream: LogStream): number {
  let end = 0;
  const log = new LogTail(attemptDir);
  try {
    log.read((text) => {
      // Few records have this key, and the log may be long.
      const record = text.includes('"end":') ? parseRecord<LogRecord>(text) : null;
      // The value shrinks where the file was truncated.
      if (record?.stream === stream) end = record.end ?? end;
    });
  } catch (error) {
    if (!isUnreadable(error)) throw error;
  } finally {
    log.close();
  }
  return end;
}

/** As the worker at its own end: what is decided now shows the log as complete. */
function syncLog(attemptDir: string): void {
  try {
    const fd = openOwnFile(logFile(attemptDir));
    try {
      fdatasyncSync(fd);
    } finally {
      closeSync(fd);
    }
    syncLogNames(attemptDir);
  } catch {
    // There is no log, or the disk fails: the operation is judged all the same.
  }
}

/** The log of a dead worker's attempt, for its last lines. */
class LastLines {
  readonly #log: LogWriter;
  #seq: number;

  constructor({ dir, number, seq, entry }: Attempt) {
    this.#seq = seq;
    this.#log = new LogWriter(dir, number, entry.record.logLines, Number.POSITIVE_INFINITY);
  }

  /** Where the log cannot be written, on a full disk or otherwise, the line is lost. */
  append(stream: LogStream, stage: string | null, text: string, end: number): void {
    try {
      for (const piece of cutLine(text, MAX_LOG_LINE)) {
        this.#log.append(this.#seq + 1, stream, { stage }, [piece], end);
        this.#seq++;
      }
    } catch (error) {
      if (!isDiskFull(error) && !isUnreadable(error)) throw error;
    }
  }

  close(): void {
    this.#log.close();
  }
}

/** Null where the log cannot be read: then the final output is lost. */
function openLog(attempt: Attempt): LastLines | null {
  return attempt.unreadable.log === null ? new LastLines(attempt) : null;
}

/**
 * Each line records the read offset in the output file, so the next daemon continues there after a
 * crash.
 */
function writeLines(
  log: LastLines,
  stream: LogStream,
  stage: string | null,
  { bytes, start }: Unread,
): void {
  for (let from = 0; from < bytes.length; ) {
    const newline = bytes.indexOf(10, from);
    const end = newline === -1 ? bytes.length : newline;
    const next = newline === -1 ? end : end + 1;
    const text = bytes.toString("utf8", from, end).replace(/\r$/, "");
    log.append(stream, stage, text, start + next);
    from = next;
  }
}

/** Output that the worker did not read; `start` is its offset in the file. */
interface Unread {
  bytes: Buffer;
  start: number;
}

/**
 * Nothing where the file cannot be read.
 *
 * @param readTo - how far the worker has read the file; not called for an empty one
 */
function readUnread(file: string, readTo: () => number): Unread {
  let fd: number;
  try {
    fd = openOwnFile(file);
  } catch (error) {
    if (isUnreadable(error)) return { bytes: Buffer.alloc(0), start: 0 };
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    const from = size === 0 ? 0 : readTo();
    // A file shorter than the read offset was truncated.
    const start = Math.max(from > size ? 0 : from, size - LAST_WORDS);
    return { bytes: readAt(fd, start, size), start };
  } finally {
    closeSync(fd);
  }
}

/** Adds a death to the count. */
export function countLoss(before: WorkerLosses | undefined, { run }: Attempt): WorkerLosses {
  const { accepted, unaccepted } = before ?? { accepted: 0, unaccepted: 0 };
  if (run.accepted) return { accepted: accepted + 1, unaccepted: 0 };
  return { accepted, unaccepted: unaccepted + 1 };
}

/** Whether an operation whose worker died is queued again automatically. */
export function runsAgain({ run }: Attempt, losses: WorkerLosses): boolean {
  if (run.stopReason !== null) return false;
  if (!run.accepted) return losses.unaccepted < MAX_UNACCEPTED;
  return run.policy.resumable && losses.accepted < MAX_LOSSES;
}

/** The outcome of an attempt whose worker is dead and whose files are read to their end. */
export function outcomeOfLost(
  attempt: Attempt,
  { cause, message }: Death,
  losses: WorkerLosses,
): Outcome {
  const { stopReason, policy } = attempt.run;
  if (stopReason === "cancel") return { state: "cancelled", result: null, error: null, next: null };
  if (stopReason === "timeout")
    return timedOut(`${ranTooLong(policy)} and did not stop when asked to`);
  return failed({
    code: "LIVEOPS_WORKER_LOST",
    message: `${message}${limitReached(attempt, losses)}; its last log lines are kept`,
    stack: null,
    cause,
  });
}

/**
 * Corrects a cancelled outcome to a timeout. A worker whose cancel file could not be written knows
 * only that it must stop, and reports a cancel where the timeout stopped it.
 */
export function correctedOutcome(outcome: Outcome, { record, run }: Entry): Outcome {
  if (outcome.state !== "cancelled" || run?.stopReason !== "timeout" || record.cancelRequested)
    return outcome;
  return timedOut(ranTooLong(run.policy));
}

function ranTooLong(policy: Policy): string {
  return `it ran longer than its timeout of ${policy.timeout} s`;
}

function timedOut(message: string): Outcome {
  return failed({ code: "LIVEOPS_TIMEOUT", message, stack: null });
}

/** Names the number of deaths where it is the reason that the operation is not requeued. */
function limitReached({ run }: Attempt, { accepted, unaccepted }: WorkerLosses): string {
  if (!run.accepted)
    return `; ${unaccepted} workers in a row died before they accepted the operation`;
  if (!run.policy.resumable || accepted < MAX_LOSSES) return "";
  return `, the ${ordinal(accepted)} worker in a row that died under the operation, so it is not resumed again`;
}

function ordinal(n: number): string {
  return n === 3 ? "third" : `${n}th`;
}

/** Signals with which a process, its runtime or its C library aborts itself. */
const ABORTS = new Set<NodeJS.Signals>(["SIGABRT", "SIGILL", "SIGFPE", "SIGTRAP"]);

/** How a worker died, as far as is known. */
interface Death {
  cause: Cause;
  message: string;
}

/**
 * The outcome of an attempt with unreadable events. Its effects are unknown, so the operation is
 * not retried.
 */
export function outcomeOfUnreadable(error: Error): Outcome {
  const message = `its run files cannot be read (${error.message}); check what the operation did, then run liveops retry`;
  return failed({ code: "LIVEOPS_RUN_FILES_UNREADABLE", message, stack: null });
}

/**
 * The operation of a copied state directory may still run in the original. @param original its
 * path, if known
 */
export function describeCopied(original: string | null): Death {
  const where = original ?? "the state directory that this one was copied from";
  return {
    cause: "copied",
    message: `it was running in ${where} when the state directory was copied, and may run there still; liveops retry runs it here`,
  };
}

export function describeDeath({ worker }: Run, exit: WorkerExit | null, stderr: string): Death {
  // An out-of-memory process prints these words and aborts; a process with another end may print
  // them for any reason.
  const gaveUp = !exit || (exit.signal !== null && ABORTS.has(exit.signal));
  if (
    gaveUp &&
    /JavaScript heap out of memory|process out of memory|Array buffer allocation failed/.test(
      stderr,
    )
  )
    return { cause: "out-of-memory", message: "its worker ran out of memory" };
  if (isForeign(worker))
    return {
      cause: "unknown",
      message: "its worker belongs to the state directory that was backed up",
    };
  if (worker.bootId !== bootId())
    return { cause: "restarted", message: "the machine was restarted while it ran" };
  if (!exit)
    return {
      cause: "unknown",
      message:
        "its worker died; the cause is unknown, because the daemon that started it had ended before",
    };
  const { code, signal } = exit;
  if (!signal) return { cause: "exited", message: `its worker ended with exit code ${code}` };
  if (signal === "SIGSEGV" || signal === "SIGBUS")
    return { cause: "segfault", message: `its worker crashed (${signal})` };
  if (signal === "SIGKILL")
    return {
      cause: "killed",
      message: "its worker was killed (SIGKILL: by someone, or by the system for lack of memory)",
    };
  const cause = ABORTS.has(signal) ? "aborted" : "signalled";
  return { cause, message: `its worker was ended by ${signal}` };
}

function failed(error: OperationError): Outcome {
  return { state: "failed", result: null, error, next: null };
}
