/** How long things took or have been taking, in seconds. What is over was measured by a clock that nobody sets. */
import type { Operation, StageTimes } from "../../../protocol/operation.js";

const between = (from: string, to: string | number): number =>
  Math.max(0, ((typeof to === "number" ? to : Date.parse(to)) - Date.parse(from)) / 1000);

/** Of a running one: whole seconds, so that the figure changes once a second; null before the first start. */
export function elapsedOf(operation: Operation, now: number): number | null {
  const { startedAt, finishedAt, state, seconds } = operation;
  if (startedAt === null) return null;
  if (finishedAt !== null) return seconds ?? between(startedAt, finishedAt);
  return state === "running" ? Math.floor(between(startedAt, now)) : null;
}

/** Of the links of a chain, from the first one's start to the last one's end. */
export function chainElapsed(links: readonly Operation[], now: number): number | null {
  const started = links[0]?.startedAt ?? null;
  const last = links.at(-1);
  if (started === null || last === undefined) return null;
  if (last.finishedAt !== null) return between(started, last.finishedAt);
  return Math.floor(between(started, now));
}

export function stageSeconds(times: StageTimes | undefined, now: number, live: boolean): number | null {
  if (times === undefined) return null;
  if (times.finishedAt !== null) return times.seconds ?? between(times.startedAt, times.finishedAt);
  return live ? Math.floor(between(times.startedAt, now)) : null;
}
