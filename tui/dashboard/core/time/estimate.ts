/** Times and progress of an operation and its chain, as the screen knows them. */

import { waitsForApproval } from "../../../../protocol/approval.js";
import {
  activeStage,
  pausedSeconds,
  secondsBetween,
} from "../../../../protocol/estimate/seconds.js";
import type { Operation } from "../../../../protocol/operation.js";
import { isPaused } from "../chain.js";
import { hostNamed } from "../hosts/hosts.js";
import type { State } from "../model.js";
import { isBlocked, isHeldByQueue } from "../queues/queue-view.js";
import { usualStage } from "./chain-time.js";

/**
 * Seconds of a chain, from the start of the first operation to the end of the last one, without
 * pauses.
 */
export function chainElapsed(links: readonly Operation[], now: number): number | null {
  const started = links[0]?.startedAt ?? null;
  const last = links.at(-1);
  if (started === null || last === undefined) return null;
  const paused = links.reduce((sum, link) => sum + pausedSeconds(link, now), 0);
  const ran = (end: string | number) => Math.max(0, secondsBetween(started, end) - paused);
  return last.finishedAt === null ? Math.floor(ran(now)) : ran(last.finishedAt);
}

/*
 * A stall is a silence that is longer than usual: no event and no log line. Where a stage counts, usual is ten units at
 * its rate; otherwise three times what nine of ten earlier runs took. Never less than ten seconds.
 */
const LEAST = 10;
const UNITS = 10;
const RUNS = 3;

export interface Stall {
  /** Seconds without a movement. */
  readonly seconds: number;
  /** The longest usual silence in seconds, or the reason that the daemon reports. */
  readonly why: number | "stopped" | "no room" | "blocked" | "input" | "host";
}

export function stallOf(state: State, operation: Operation): Stall | null {
  const from = (at: string, why: Stall["why"]) => ({
    seconds: since(state.now, Date.parse(at)),
    why,
  });
  // A question has a card of its own.
  if (waitsForApproval(operation) !== null) return null;
  if (
    operation.state === "queued" &&
    isBlocked(state, operation) &&
    !isHeldByQueue(state, operation)
  )
    return from(operation.blocked!.since, "blocked");
  // A pause stops the worker on purpose.
  if (operation.state !== "running" || isPaused(operation)) return null;
  const host = hostNamed(state, operation.host);
  if (host?.state === "unreachable" && host.since !== null) return from(host.since, "host");
  const { stalledSince, noRoomSince } = operation;
  if (stalledSince) return from(stalledSince, "stopped");
  if (noRoomSince) return from(noRoomSince, "no room");
  const { waitingForInput } = operation;
  if (waitingForInput && !operation.cancelRequested) return from(waitingForInput.since, "input");
  const seconds = since(state.now, movedAt(state, operation));
  if (seconds < LEAST) return null;
  const usual = usualSilence(state, operation);
  return usual !== null && seconds >= usual ? { seconds, why: usual } : null;
}

function movedAt(state: State, operation: Operation): number {
  return Math.max(Date.parse(operation.updatedAt), state.operation.heard.get(operation.id) ?? 0);
}

/** Counts, at the last rate, in whose time an event has to come; and the least seconds. */
const EVENT_COUNTS = 3;
const EVENT_LEAST = 2;

/** Seconds since the last event, where the rate says that one should have come; 0: it moves. */
export function standsStillFor(state: State, operation: Operation): number {
  const since = operation.pause?.since ?? null;
  if (since !== null) return Math.max(1, (state.now - Date.parse(since)) / 1000);
  const seconds = (state.now - movedAt(state, operation)) / 1000;
  const rate = operation.progress?.rate ?? 0;
  return seconds > Math.max(EVENT_LEAST, rate > 0 ? EVENT_COUNTS / rate : 0) ? seconds : 0;
}

/** Seconds of silence that are still usual. */
function usualSilence(state: State, operation: Operation): number | null {
  const rate = operation.progress?.rate ?? 0;
  if (rate > 0) return Math.max(LEAST, UNITS / rate);
  const stage = activeStage(operation);
  const runs = stage === null ? undefined : usualStage(state, operation, stage);
  return runs == null ? null : Math.max(LEAST, RUNS * runs.p90);
}

const since = (now: number, at: number): number => Math.max(0, Math.floor((now - at) / 1000));
