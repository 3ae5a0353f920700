/**
 * Whether an operation ends later than a watcher was told before. Times are seconds that the
 * operation has run.
 */
import type { TimeLeft } from "./time-left.js";

/** The latest end that what was told allows. */
export interface Promised {
  readonly attempt: number;
  readonly limit: number;
}

/** Part of the told rest by which an end may slide, and seconds that nobody notices. */
const SLIDE = 1 / 3;
const UNNOTICED = 2;
/** Seconds after the start before which nobody has read an estimate. */
const READ_FROM = 2;

/** @param ran seconds that the operation has run */
export function promised(
  before: Promised | undefined,
  attempt: number,
  ran: number,
  { seconds, isLeast, isOther, margin }: TimeLeft,
): Promised | undefined {
  const kept = before?.attempt === attempt ? before : undefined;
  // Runs with other parameters promise nothing.
  if (seconds === null || isLeast || isOther || ran < READ_FROM) return kept;
  const limit = ran + seconds + Math.max(seconds * SLIDE, margin, UNNOTICED);
  return kept !== undefined && kept.limit <= limit ? kept : { attempt, limit };
}

export function isLaterThanPromised(
  before: Promised | undefined,
  attempt: number,
  ran: number,
  { seconds, isLeast }: TimeLeft,
): boolean {
  return (
    before?.attempt === attempt && seconds !== null && !isLeast && ran + seconds > before.limit
  );
}
