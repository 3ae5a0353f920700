/**
 * Runs the daemon in this process. Forked by `launch`, it reports to its parent that it answers, or
 * why it cannot.
 */

import type { DaemonOptions } from "../../../daemon/start-words.js";
import { isDiskFull, isShortage } from "../../../daemon/store/durable-file.js";
import { EXIT, type ExitCode } from "../../../protocol/exit-codes.js";
import { readConfig } from "../../../protocol/system/config.js";
import { type ReportTo, report, say } from "../../kit/report.js";
import { compileCache, daemonBundle } from "./daemon-bundle.js";
import { otherDaemon, type Taken } from "./other-daemon.js";

/** What the forked daemon reports, once, to the command that started it. */
export type LaunchReport =
  | { type: "answers"; pid: number; problems: string[] }
  | ({ type: "taken" } & Taken)
  | { type: "failed"; message: string; code: ExitCode };

/**
 * Milliseconds after the first reply until new compiled code is written. A process that ends
 * earlier writes it then.
 */
const FLUSH_MS = 1000;

/**
 * Milliseconds to ask, in the foreground, which daemon holds the paths: no command waits for it.
 */
const ASK_MS = 1000;

export async function runForeground(options: DaemonOptions, to: ReportTo): Promise<ExitCode> {
  const { AlreadyRunningError, PlaceError, runDaemon, settingsFrom } = daemonBundle();
  const isChild = process.send !== undefined;
  // The command that reads stderr ends when the daemon answers.
  if (isChild) process.stderr.removeAllListeners("error").on("error", () => {});
  let socket = "";
  try {
    const settings = settingsFrom(options, process.env, readConfig(process.env));
    socket = settings.socket;
    await runDaemon(settings, !isChild, (problems) => {
      tell({ type: "answers", pid: process.pid, problems });
      if (!isChild) warnOf(problems, to);
      // Written when no client waits, with the code that a start needs.
      setTimeout(compileCache().writeCode, FLUSH_MS).unref();
    });
    return EXIT.done;
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof AlreadyRunningError) {
      const taken = { message, owner: error.owner };
      tell({ type: "taken", ...taken });
      if (!isChild) await sayWho(socket, taken, to);
      return EXIT.refused;
    }
    const fault = error instanceof PlaceError ? { message, code: EXIT.usage } : placeFault(error);
    if (fault) {
      tell({ type: "failed", ...fault });
      if (!isChild) say(to, fault.message);
      return fault.code;
    }
    tell({ type: "failed", message, code: EXIT.fault });
    return report(error, to);
  }
}

export function warnOf(problems: readonly string[], to: ReportTo): void {
  for (const problem of problems) say(to, problem, "yellow");
}

async function sayWho(socket: string, taken: Taken, to: ReportTo): Promise<void> {
  try {
    const { pid } = await otherDaemon(socket, taken, ASK_MS);
    say(to, `${taken.message}: pid ${pid}, which answers on ${socket}`);
  } catch (refusal) {
    await report(refusal, to);
  }
}

function tell(message: LaunchReport): void {
  if (!process.send || !process.connected) return;
  process.send(message, undefined, undefined, () => {
    if (process.connected) process.disconnect();
  });
}

/** Errors of the state directory or the socket. */
const OF_PLACES = new Set([
  "EACCES",
  "EPERM",
  "EROFS",
  "ENOENT",
  "ENOTDIR",
  "EISDIR",
  "EEXIST",
  "ELOOP",
  "LIVEOPS_IRREGULAR_FILE",
  "ENAMETOOLONG",
]);

/** An error of a feature says how a start ends with it, and what to do next. */
type StartError = NodeJS.ErrnoException & { hint?: string; startExit?: ExitCode };

/** The message and exit code of a start that failed. Null if the error is a bug in liveops. */
export function placeFault(error: unknown): { message: string; code: ExitCode } | null {
  if (isDiskFull(error)) {
    const message =
      "cannot start: the state directory's disk is full; free some disk space, then start again";
    return { message, code: EXIT.refused };
  }
  const { code, message, name, hint, startExit, syscall } = error as StartError;
  if (startExit !== undefined || name === "UsageError")
    return { message: hint ? `${message}; ${hint}` : message, code: startExit ?? EXIT.usage };
  if (code !== undefined && OF_PLACES.has(code))
    return {
      message: `${message}; choose another path with --state-dir or --socket`,
      code: EXIT.usage,
    };
  if (syscall === undefined && code !== "ERR_SQLITE_ERROR") return null;
  const advice = isShortage(error) ? "raise the limit of open files (ulimit -n)" : "check the disk";
  return { message: `cannot start: ${message}; ${advice}, then start again`, code: EXIT.fault };
}
