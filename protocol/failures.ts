/** Errors that the commands throw. `report.ts` prints them and chooses the exit code. */
import { KnownError } from "./known-error.js";

/** Wrong usage: exit 2. `hint` is the next command. */
export class UsageError extends KnownError {
  static override kind = "UsageError";
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** The state directory was removed, moved or replaced after the start of the command: exit 3. */
export class StateRemovedError extends KnownError {
  static override kind = "StateRemovedError";
  constructor(stateDir: string) {
    super(
      `the state directory ${stateDir} was removed or replaced, which ends its daemon and operations`,
    );
  }
}

/**
 * The system ended the daemon while it started, for lack of something that liveops cannot do
 * without: exit 70.
 */
export class DaemonAbortedError extends KnownError {
  static override kind = "DaemonAbortedError";
}

/** An unknown name, found by the command without the daemon: exit 4. */
export class NotFoundError extends KnownError {
  static override kind = "NotFoundError";
}

/**
 * Ctrl-C: exit 130. The message names the operations that continue; an empty message is not
 * printed.
 */
export class InterruptedError extends KnownError {
  static override kind = "InterruptedError";
}

/** Only the answer of a person is missing: exit 7. */
export class NeedsPersonError extends KnownError {
  static override kind = "NeedsPersonError";
}

/** The user's `--timeout` ran out: exit 124. */
export class TimedOutError extends KnownError {
  static override kind = "TimedOutError";
}
