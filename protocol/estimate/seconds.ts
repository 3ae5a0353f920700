/** How long an operation and its stages ran and were paused, in seconds. */
import { getOwn } from "../objects.js";
import type { Operation } from "../operation.js";

/** Seconds from one time to another; 0 where the clock went back. */
export function secondsBetween(from: string, to: string | number): number {
  return Math.max(0, ((typeof to === "number" ? to : Date.parse(to)) - Date.parse(from)) / 1000);
}

/** Seconds of the pauses of the attempt, with the one that lasts. */
export function pausedSeconds({ pause, finishedAt }: Operation, now: number): number {
  if (pause === null) return 0;
  return (
    pause.seconds + (pause.since === null ? 0 : secondsBetween(pause.since, finishedAt ?? now))
  );
}

/** Seconds that the attempt has run until now, without pauses; 0 before its start. */
export function ranSeconds(operation: Operation, now: number): number {
  const { startedAt } = operation;
  return startedAt === null
    ? 0
    : Math.max(0, secondsBetween(startedAt, now) - pausedSeconds(operation, now));
}

/**
 * Seconds that a stage runs, without its waits for a slot. The record does not say in which stage
 * an earlier pause was.
 */
export function stageRanSeconds(operation: Operation, stage: string, now: number): number {
  const times = getOwn(operation.stageTimes, stage);
  if (times === undefined) return 0;
  const until = operation.pause?.since ?? now;
  const { since, seconds: waited } = times.waits ?? { since: null, seconds: 0 };
  const waits = since === null ? 0 : secondsBetween(since, until);
  const ran = Math.max(0, secondsBetween(times.startedAt, until) - waited - waits);
  return operation.pause === null ? ran : Math.min(ran, ranSeconds(operation, now));
}

/** The stage whose block runs; null: none. */
export function activeStage({ stages, currentStage, stageStates }: Operation): string | null {
  const stage = stages[currentStage];
  return stage !== undefined && getOwn(stageStates, stage) === "active" ? stage : null;
}
