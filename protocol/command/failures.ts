/** Errors a command itself throws: how the user called it, and that they interrupted it. `report.ts` prints them. */

/** Wrong usage: exit 2. `hint` is what to type next. */
export class UsageError extends Error {
  override name = "UsageError";
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** A name that is not there, found out by the command itself: exit 4. */
export class NotFoundError extends Error {
  override name = "NotFoundError";
}

/** Ctrl-C: exit 130. The message says what goes on without the command; empty says nothing. */
export class InterruptedError extends Error {
  override name = "InterruptedError";
}

/** A timeout the user gave: exit 124. */
export class TimedOutError extends Error {
  override name = "TimedOutError";
}
