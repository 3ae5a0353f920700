/**
 * Whether nothing has moved for longer than usual.
 *
 * What moves is an event or a log line. Where a stage says how far it is, usual is the time of one unit at its rate: ten
 * times that. Where it does not, usual is what the stage took in nine of ten earlier runs: three times that. Never
 * less than ten seconds, and no warning where neither is known. A worker that is stopped (SIGSTOP), or waits for room
 * on the disk, is told by the daemon and needs no guess. So is a queued operation that cannot start.
 */
import { getOwn } from "../../../protocol/get-own.js";
import type { Operation } from "../../../protocol/operation.js";
import { usualOf } from "../state/histories.js";
import type { State } from "../state/model.js";

const LEAST = 10;
const UNITS = 10;
const RUNS = 3;

export interface Stall {
  /** Seconds without a movement. */
  readonly seconds: number;
  /** What would have been usual at most, in seconds, or what the daemon knows. */
  readonly why: number | "stopped" | "no room" | "blocked";
}

export function stallOf(state: State, operation: Operation): Stall | null {
  if (operation.state === "queued" && operation.blocked)
    return { seconds: since(state.now, Date.parse(operation.blocked.since)), why: "blocked" };
  if (operation.state !== "running") return null;
  const { stalledSince, noRoomSince } = operation;
  if (stalledSince) return { seconds: since(state.now, Date.parse(stalledSince)), why: "stopped" };
  if (noRoomSince) return { seconds: since(state.now, Date.parse(noRoomSince)), why: "no room" };
  const seconds = since(state.now, movedAt(state, operation));
  if (seconds < LEAST) return null;
  const usual = usualSilence(state, operation);
  return usual !== null && seconds >= usual ? { seconds, why: usual } : null;
}

function movedAt(state: State, operation: Operation): number {
  return Math.max(Date.parse(operation.updatedAt), state.heard.get(operation.id) ?? 0);
}

/** Seconds of silence that are still usual. */
function usualSilence(state: State, operation: Operation): number | null {
  const rate = operation.progress?.rate ?? 0;
  if (rate > 0) return Math.max(LEAST, UNITS / rate);
  const stage = operation.stages[operation.currentStage];
  if (stage === undefined || getOwn(operation.stageStates, stage) !== "active") return null;
  const runs = getOwn(usualOf(state, operation)?.stages ?? {}, stage);
  return runs === undefined ? null : Math.max(LEAST, RUNS * runs.p90);
}

const since = (now: number, at: number): number => Math.max(0, Math.floor((now - at) / 1000));
