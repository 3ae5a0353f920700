/** `--exit-status`: the exit code of an operation's command as the exit code of `liveops`. */
import { constants } from "node:os";
import { EXIT, exitCodeOf } from "../../../protocol/exit-codes.js";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";

/** As a shell reports a signal. */
const SIGNAL_BASE = 128;

/**
 * The exit status of a finished operation: `exitCode` of its result, 128 plus the number of
 * `signal`, or else the exit code of its state.
 */
export function exitStatusOf({ state, result }: Pick<Operation, "state" | "result">): number {
  const { exitCode, signal } = Object(result) as { exitCode?: unknown; signal?: unknown };
  // An operation can fail although its command succeeded.
  const least = state === "succeeded" ? 0 : 1;
  if (
    typeof exitCode === "number" &&
    Number.isInteger(exitCode) &&
    exitCode >= least &&
    exitCode <= 255
  )
    return exitCode;
  const number = exitCode === null ? constants.signals[signal as NodeJS.Signals] : undefined;
  if (number !== undefined) return SIGNAL_BASE + number;
  return isFinal(state) ? exitCodeOf(state) : EXIT.fault;
}
