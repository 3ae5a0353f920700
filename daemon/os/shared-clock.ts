/**
 * The clock of records and events: that of the engine, as far as this process knows. A machine
 * whose own clock is wrong tells the same times as others with the same engine. One for the
 * process, as the clock of the machine is.
 */

/** Milliseconds that it is ahead of the clock of this machine. */
let ahead = 0;

export const clockAhead = (): number => ahead;

export function setClockAhead(ms: number): void {
  ahead = ms;
}

/** In ms since 1970. */
export const sharedNow = (): number => Date.now() + ahead;

/** ISO 8601. */
export const sharedTime = (): string => new Date(sharedNow()).toISOString();
