/** How long things took or have been taking, in seconds. */
import type { Operation, StageTimes } from "../../../protocol/operation.js";

const seconds = (from: string, to: string | number): number =>
  Math.max(0, ((typeof to === "number" ? to : Date.parse(to)) - Date.parse(from)) / 1000);

/** Of a running one: whole seconds, so that the figure changes once a second; null before the first start. */
export function elapsedOf(operation: Operation, now: number): number | null {
  if (operation.startedAt === null) return null;
  if (operation.finishedAt !== null) return seconds(operation.startedAt, operation.finishedAt);
  return operation.state === "running" ? Math.floor(seconds(operation.startedAt, now)) : null;
}

export function stageSeconds(times: StageTimes | undefined, now: number, live: boolean): number | null {
  if (times === undefined) return null;
  if (times.finishedAt !== null) return seconds(times.startedAt, times.finishedAt);
  return live ? Math.floor(seconds(times.startedAt, now)) : null;
}
