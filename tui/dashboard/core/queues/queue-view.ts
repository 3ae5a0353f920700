/**
 * What the screen knows of queues and schedules, of the place of an operation, and of what it waits
 * for.
 */

import { pausedSeconds } from "../../../../protocol/estimate/seconds.js";
import type { Operation } from "../../../../protocol/operation.js";
import type {
  ForecastReply,
  HostReply,
  QueueReply,
  ScheduleReply,
} from "../../../../protocol/replies.js";
import { laterStart } from "../../../../protocol/start-time.js";
import { DEFAULT_QUEUE } from "../../../../protocol/submit-fields.js";
import { describeOperation, type Row } from "../../../describe/operation.js";
import { formatShortTime } from "../../../kit/output/local-time.js";
import { formatCount, formatDuration } from "../../../terminal/format.js";
import { sanitizeLine } from "../../text/cells.js";
import { answerOf, ask } from "../ask.js";
import { chainOf, nameOf, operationOf, selectedOperation } from "../chain.js";
import { daemon, hasHosts } from "../hosts/hosts.js";
import { patched, type State } from "../model.js";

/**
 * Milliseconds between two forecasts of the same queue, and of a long one, which costs the daemon
 * more.
 */
const FORECAST_EVERY = 5000;
const LONG_EVERY = 10_000;
/** Queued operations from which on a start changes little of a forecast. */
const LONG = 100;

export const forecast = ask<object, ForecastReply>({
  want(state) {
    const { queued, running } = state.view.counts;
    if (queued === 0) return null;
    const { run } = state.queues;
    return queued > LONG ? { run } : { queued, running, run };
  },
  // A queue that moves fast is not asked about at each move.
  wait: () => 300,
  every: (want) => ("queued" in want ? FORECAST_EVERY : LONG_EVERY),
  bring: async (_want, { client, tell, left }) => tell(await client.forecast(left)),
});

/** When the operation is to start and to end, as far as the daemon can tell. */
export const forecastOf = (state: State, { id }: Operation) =>
  answerOf(state, forecast)?.operations[id];

/**
 * The state with the queues and schedules that the daemon told; the same state if they are as
 * before.
 */
export function withQueues(
  state: State,
  queues: readonly QueueReply[],
  schedules: readonly ScheduleReply[],
): State {
  const same =
    JSON.stringify([queues, schedules]) ===
    JSON.stringify([state.queues.all, state.queues.schedules]);
  return same ? state : patched(state, "queues", { all: queues, schedules });
}

export function isQueuePaused(
  { queues: { all: queues } }: Pick<State, "queues">,
  name: string,
): boolean {
  return queues.find((queue) => queue.name === name)?.pausedSince != null;
}

/** Whether the pause of its queue holds a queued operation back. */
export function isHeldByQueue(
  state: Pick<State, "queues">,
  { state: is, queue, waitsFor }: Operation,
): boolean {
  return is === "queued" && waitsFor === null && isQueuePaused(state, queue);
}

/**
 * Whether something blocks it. The queues are told after the operations: until then it may be a
 * paused queue.
 */
export const isBlocked = (state: Pick<State, "queues">, { blocked }: Operation): boolean =>
  blocked !== null && blocked !== undefined && state.queues.all.length > 0;

/** The run that comes next of all schedules; null: none comes. */
export function nextRun({
  queues: { schedules },
}: Pick<State, "queues">): { name: string; at: string } | null {
  let next: { name: string; at: string } | null = null;
  for (const { name, nextAt } of schedules)
    if (nextAt !== null && (next === null || nextAt < next.at)) next = { name, at: nextAt };
  return next;
}

/**
 * Slots of all queues, with several hosts those of the hosts; null: not known. The operations of a
 * host that does not answer count as running, so its slots count too; of a host that is gone, as
 * many as it still runs.
 */
export function slotCount({
  queues: { all: queues },
  hosts,
  answers,
}: Pick<State, "queues" | "hosts" | "answers">): number | null {
  const own = answerOf({ answers }, daemon);
  const isThere = (state: HostReply["state"]) => state === "up" || state === "unreachable";
  // A host that has not reported yet has no version.
  if (hosts.all.some(({ state, version }) => state === "up" && version === "")) return null;
  if (hasHosts({ hosts }))
    return hosts.all.reduce(
      (sum, { state, slots, running }) => sum + (isThere(state) ? slots : running),
      0,
    );
  const mayBeShared = own === null || own.engine != null;
  if (hosts.all.length === 0 && mayBeShared) return null;
  if (queues.length === 0) return own?.concurrency ?? null;
  return queues.reduce((sum, { concurrency }) => sum + concurrency, 0);
}

/** The queue of an operation, or the default one, as `queues` names it. */
export const queueOf = (operation: Operation | null): string =>
  operation === null ? DEFAULT_QUEUE : operation.queue;

/**
 * `~1 min` until the queue is empty, and ` · 1 at 20:30` of what starts at a later time. Empty:
 * nothing is known.
 */
export function queueTime(state: Pick<State, "answers" | "view" | "now">) {
  const told = answerOf(state, forecast);
  if (told === null || state.view.counts.queued === 0) return { until: "", delayed: "" };
  const { emptyAt, delayed } = told;
  const { now } = state;
  const seconds = emptyAt === null ? 0 : (Date.parse(emptyAt) - now) / 1000;
  const at = delayed && formatShortTime(new Date(delayed.startsAt), new Date(now));
  return {
    // A forecast whose time is over tells nothing.
    until: seconds > 0 ? ` ~${about(seconds)}` : "",
    delayed: delayed ? ` · ${formatCount(delayed.operations)} at ${at}` : "",
  };
}

/** One unit, because it is an estimate. */
function about(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)}s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** The reason why an operation waits, other than its place in the queue. */
export type Wait = {
  /** In at most seven columns, unless there are a hundred operations. */
  readonly short: string;
  readonly long: string;
} & (
  | { readonly why: "operations" | "paused queue" }
  | { readonly why: "time"; readonly until: number }
);

export function waitOf(state: State, operation: Operation): Wait | null {
  const { waitsFor, queue } = operation;
  if (operation.state !== "queued") return null;
  if (waitsFor !== null && waitsFor.length > 0) {
    const [first] = waitsFor;
    const known = waitsFor.length === 1 ? operationOf(state, first!) : null;
    const one = known === null ? first! : nameOf(state, known);
    const long = waitsFor.length === 1 ? `after ${one}` : `after ${waitsFor.length} operations`;
    return { why: "operations", short: `after ${waitsFor.length}`, long };
  }
  const until = laterStart(operation, state.now);
  if (until !== null) {
    const at = formatShortTime(new Date(until), new Date(state.now));
    // For another day, the narrow column shows the day.
    return { why: "time", short: at.split(" ").slice(0, 2).join(" "), long: `at ${at}`, until };
  }
  if (isHeldByQueue(state, operation))
    return { why: "paused queue", short: "paused", long: `queue ${queue} paused` };
  return null;
}

/** Dependencies of an operation that are looked up at most. */
const DEPENDENCIES_MOST = 20;

/** The shown operations that the selected operation waits for. */
export function dependenciesOf({ after = [], afterAny = [] }: Operation): readonly string[] {
  return [...after, ...afterAny].slice(0, DEPENDENCIES_MOST);
}

/** The last known operation of the chain that a dependency began; null: not known, or removed. */
export function dependencyEnd(state: State, id: string): Operation | null {
  const operation = operationOf(state, id);
  return operation === null ? null : chainOf(state, operation).at(-1)!;
}

export function unknownDependencies(state: State): string[] {
  const selected = selectedOperation(state);
  if (selected === null) return [];
  const around = selected.parent === undefined ? [] : [selected.parent.id];
  return [...around, ...dependenciesOf(selected)].filter((id) => operationOf(state, id) === null);
}

/**
 * One line with hosts, queue, start time and pauses, as `queue gpu · slot 2`. Defaults are omitted.
 */
export function placementText({ now }: State, operation: Operation): string {
  const { slot, pause, state } = operation;
  const placed = ({ label, value, kind, isDefault }: Row): string[] => {
    if (kind === "place" && !isDefault) return [`${label} ${sanitizeLine(value)}`];
    if (kind !== "start" || state !== "queued" || Date.parse(value) <= now) return [];
    return [`${label} ${formatShortTime(new Date(value), new Date(now))}`];
  };
  const paused = Math.floor(pausedSeconds(operation, now));
  const parts = [
    ...describeOperation(operation, { now }).flatMap(placed),
    // The bar shows the first pause while it lasts.
    ...(paused > 0 && (pause?.seconds ?? 0) > 0 ? [`paused ${formatDuration(paused)} in all`] : []),
  ];
  // Every running operation has a slot, so a slot alone is not shown.
  return parts.length === 0
    ? ""
    : [...parts, ...(slot === null ? [] : [`slot ${slot}`])].join(" · ");
}
