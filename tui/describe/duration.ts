/** How long an operation ran and was paused. */
import type { Operation } from "../../protocol/operation.js";

/** Seconds from one time to another; 0 where the clock went back. */
export function secondsBetween(from: string, to: string | number): number {
  return Math.max(0, ((typeof to === "number" ? to : Date.parse(to)) - Date.parse(from)) / 1000);
}

/** Seconds of the pauses of the attempt, with the one that lasts. */
export function pausedSeconds({ pause, finishedAt }: Operation, now: number): number {
  if (pause === null) return 0;
  return pause.seconds + (pause.since === null ? 0 : secondsBetween(pause.since, finishedAt ?? now));
}

/**
 * Seconds without pauses; null before the first start. Whole seconds while the operation runs, so that the figure changes
 * once a second.
 */
export function elapsedOf(operation: Operation, now: number): number | null {
  const { startedAt, finishedAt, state, seconds } = operation;
  if (startedAt === null) return null;
  const ran = (end: string | number) =>
    Math.max(0, secondsBetween(startedAt, end) - pausedSeconds(operation, now));
  if (finishedAt !== null) return seconds ?? ran(finishedAt);
  return state === "running" ? Math.floor(ran(now)) : null;
}
