/** Times and progress of an operation and its chain, as the screen knows them. */

import { waitsForApproval } from "../../../../protocol/approval.js";
import { historyName } from "../../../../protocol/estimate/likeness.js";
import { type OverallProgress, overallProgress } from "../../../../protocol/estimate/overall-progress.js";
import { activeStage, pausedSeconds, secondsBetween } from "../../../../protocol/estimate/seconds.js";
import type { Operation } from "../../../../protocol/operation.js";
import { isFinal } from "../../../../protocol/state.js";
import { chainOf, isPaused } from "../chain.js";
import { hostNamed } from "../hosts/hosts.js";
import { patched, type State } from "../model.js";
import type { Reached, Shown } from "../operation/slice.js";
import { isBlocked, isHeldByQueue } from "../queues/queue-view.js";
import { shareOfTime, usualStage } from "./chain-time.js";
import { usualNamed, usualSuccessors } from "./history.js";

/** Seconds of a chain, from the start of the first operation to the end of the last one, without pauses. */
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
  // A question has a card of its own.
  if (waitsForApproval(operation) !== null) return null;
  if (operation.state === "queued" && isBlocked(state, operation) && !isHeldByQueue(state, operation))
    return { seconds: since(state.now, Date.parse(operation.blocked!.since)), why: "blocked" };
  // A pause stops the worker on purpose.
  if (operation.state !== "running" || isPaused(operation)) return null;
  const host = hostNamed(state, operation.host);
  if (host?.state === "unreachable" && host.since !== null)
    return { seconds: since(state.now, Date.parse(host.since)), why: "host" };
  const { stalledSince, noRoomSince } = operation;
  if (stalledSince) return { seconds: since(state.now, Date.parse(stalledSince)), why: "stopped" };
  if (noRoomSince) return { seconds: since(state.now, Date.parse(noRoomSince)), why: "no room" };
  const { waitingForInput } = operation;
  if (waitingForInput && !operation.cancelRequested)
    return { seconds: since(state.now, Date.parse(waitingForInput.since)), why: "input" };
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

const NOTHING: OverallProgress = { percent: 0, known: false };

/** Progress of an operation that runs, or that stopped before its end. */
export function progressOf(state: State, operation: Operation): OverallProgress {
  if (operation.state === "succeeded") return overallProgress(operation, null);
  const reached = reachedBefore(state, operation);
  const history = reached?.history ?? state.operation.histories.get(historyName(operation)) ?? null;
  // The weights of the stages come with the history. Without them, the percent would jump later.
  if (history === null && operation.stages.length > 1) return NOTHING;
  const now = overallProgress(operation, history?.stages ?? null);
  return reached !== null && reached.percent > now.percent ? { ...now, percent: reached.percent } : now;
}

/** The map with what these operations have reached by now; the same one where nothing is new. */
export function reachedBy(state: State, operations: Iterable<Operation>): State["operation"]["reached"] {
  let reached: Map<string, Reached> | null = null;
  for (const operation of operations) {
    const { id, attempt } = operation;
    const before = state.operation.reached.get(id);
    if (operation.state !== "running") {
      if (before === undefined) continue;
      reached ??= new Map(state.operation.reached);
      reached.delete(id);
      continue;
    }
    const history =
      reachedBefore(state, operation)?.history ?? state.operation.histories.get(historyName(operation));
    if (history === undefined) continue;
    const { percent } = progressOf(state, operation);
    if (before?.attempt === attempt && before.percent === percent) continue;
    reached ??= new Map(state.operation.reached);
    reached.set(id, { attempt, history, percent });
  }
  return reached ?? state.operation.reached;
}

function reachedBefore(state: State, { id, attempt }: Operation): Reached | null {
  const reached = state.operation.reached.get(id);
  return reached?.attempt === attempt ? reached : null;
}

/** Where no stage tells its share, the share of the time. */
function withTime(state: State, operation: Operation, progress: OverallProgress): OverallProgress {
  const share = progress.known || operation.state !== "running" ? null : shareOfTime(state, operation);
  if (share === null) return progress;
  return { percent: Math.min(99, Math.max(share, progress.percent)), known: true, approximate: true };
}

/** As `wholeProgress`; while the links go on, it is never less than the screen showed before. */
export function chainProgress(
  state: State,
  operation: Operation,
  coming: readonly string[],
): OverallProgress {
  const progress = wholeProgress(state, operation, coming);
  const percent = operation.state === "running" ? (shownOf(state, operation)?.percent ?? 0) : 0;
  return percent > progress.percent ? { ...progress, percent } : progress;
}

/** What was shown of the chain; null: nothing, or its operation is tried again. */
function shownOf({ operation: { shown } }: State, { id, attempt, chain }: Operation): Shown | null {
  const before = shown.get(chain.id);
  return before === undefined || (before.link === id && before.attempt !== attempt) ? null : before;
}

/** The state with what the screen shows by now of the chains of these operations. */
export function withShown(state: State, operations: Iterable<Operation>): State {
  const shown = new Map(state.operation.shown);
  for (const operation of operations) {
    const { id, attempt, chain } = operation;
    if (isFinal(operation.state) && chain.next === null) shown.delete(chain.id);
    // Without its history, a chain looks shorter than it is.
    if (operation.state !== "running" || !state.operation.histories.has(historyName(operation))) continue;
    const { percent } = chainProgress(state, operation, usualSuccessors(state, operation));
    shown.set(chain.id, { link: id, attempt, percent });
  }
  return patched(state, "operation", { shown });
}

/** Progress of the whole chain, with the operations to come. Each counts for its usual duration. */
function wholeProgress(state: State, operation: Operation, coming: readonly string[]): OverallProgress {
  const links = chainOf(state, operation);
  if (links.length + coming.length === 1) return withTime(state, operation, progressOf(state, operation));
  const usual = (name: string) => usualNamed(state, name)?.seconds?.p50 ?? null;
  const told = [...links.map((link) => usual(historyName(link)) ?? link.seconds), ...coming.map(usual)];
  const counted = told.filter((seconds) => seconds !== null);
  const mean = counted.reduce((sum, seconds) => sum + seconds, 0) / counted.length || 1;
  const all = told.reduce((sum: number, seconds) => sum + (seconds ?? mean), 0) || 1;
  let done = 0;
  let known = true;
  let mark: Pick<OverallProgress, "approximate"> = {};
  for (const [i, link] of links.entries()) {
    const progress = progressOf(state, link);
    if (link.state === "running") known = progress.known;
    if (progress.approximate) mark = { approximate: true };
    done += ((told[i] ?? mean) / all) * progress.percent;
  }
  const last = links.at(-1)!;
  if (last.state === "succeeded" && coming.length === 0 && last.chain.next === null)
    return { percent: 100, known: true };
  return withTime(state, operation, { percent: Math.max(0, Math.min(99, done)), known, ...mark });
}
