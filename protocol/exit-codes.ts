import type { FinalState } from "./state.js";

/** Exit codes of every command. They are stable; docs/errors.md lists them. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  noDaemon: 3,
  notFound: 4,
  refused: 5,
  cancelled: 6,
  needsPerson: 7,
  fault: 70,
  timedOut: 124,
  interrupted: 130,
  brokenPipe: 141,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Meaning of each exit code, in Markdown. */
export const EXIT_MEANINGS: Record<keyof typeof EXIT, string> = {
  done: "Success; for `run`, `wait`, `watch` and `submit --wait` or `--follow`: the last operation of the chain succeeded",
  failed: "The operation failed; with several ids: at least one failed",
  usage: "Wrong usage or parameters",
  noDaemon: "No daemon answers",
  notFound: "No such operation or operation type, or an ambiguous id",
  refused: "The daemon refused: queue or disk full, incompatible version, wrong state",
  cancelled: "The operation was cancelled",
  needsPerson:
    "`wait`: only the answer of a person is missing; without `--timeout`, only where no terminal can answer",
  fault: "Internal error (a bug in liveops)",
  timedOut: "`wait --timeout` ran out",
  interrupted: "The command was interrupted; the operations it watched continue",
  brokenPipe: "The reader of the output ended, such as `head` in a pipe; the operations continue",
};

/** The exit code for the final state of an operation. */
export function exitCodeOf(state: FinalState): ExitCode {
  return EXIT[state === "succeeded" ? "done" : state];
}
