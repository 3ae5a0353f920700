/** How long an operation ran, as people read it. */
import { ranSeconds } from "../../protocol/estimate/seconds.js";
import type { Operation } from "../../protocol/operation.js";

/**
 * Seconds without pauses; null before the first start. Whole seconds while the operation runs, so
 * that the figure changes once a second.
 */
export function elapsedOf(operation: Operation, now: number): number | null {
  const { startedAt, finishedAt, state, seconds } = operation;
  if (startedAt === null) return null;
  if (finishedAt !== null) return seconds ?? ranSeconds(operation, Date.parse(finishedAt));
  return state === "running" ? Math.floor(ranSeconds(operation, now)) : null;
}
