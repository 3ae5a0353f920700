import type { FinalState } from "./state.js";

/** Exit codes of every command (the contract: docs/protocol.md lists them). */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  noDaemon: 3,
  notFound: 4,
  refused: 5,
  cancelled: 6,
  fault: 70,
  timedOut: 124,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code that tells how an operation ended. */
export function exitCodeOf(state: FinalState): ExitCode {
  return state === "succeeded" ? EXIT.done : state === "failed" ? EXIT.failed : EXIT.cancelled;
}
