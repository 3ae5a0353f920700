/** Errors that the commands throw. `report.ts` prints them and chooses the exit code. */

/** Wrong usage: exit 2. `hint` is the next command. */
export class UsageError extends Error {
  override name = "UsageError";
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** The state directory was removed, moved or replaced after the start of the command: exit 3. */
export class StateRemovedError extends Error {
  override name = "StateRemovedError";
  constructor(stateDir: string) {
    super(`the state directory ${stateDir} was removed or replaced, which ends its daemon and operations`);
  }
}

/** The system ended the daemon while it started, for lack of something that liveops cannot do without: exit 70. */
export class DaemonAbortedError extends Error {
  override name = "DaemonAbortedError";
}

/** An unknown name, found by the command without the daemon: exit 4. */
export class NotFoundError extends Error {
  override name = "NotFoundError";
}

/** Ctrl-C: exit 130. The message names the operations that continue; an empty message is not printed. */
export class InterruptedError extends Error {
  override name = "InterruptedError";
}

/** Only the answer of a person is missing: exit 7. */
export class NeedsPersonError extends Error {
  override name = "NeedsPersonError";
}

/** The user's `--timeout` ran out: exit 124. */
export class TimedOutError extends Error {
  override name = "TimedOutError";
}
