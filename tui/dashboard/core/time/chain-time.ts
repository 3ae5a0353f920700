/**
 * How long chains still take, and when they were told to end. The rule is
 * `protocol/estimate/time-left.ts`.
 */
import { historyName } from "../../../../protocol/estimate/likeness.js";
import {
  type OverallProgress,
  overallProgress,
  shareOfTime,
  stagePercent,
} from "../../../../protocol/estimate/overall-progress.js";
import { type Pace, paced } from "../../../../protocol/estimate/pace.js";
import { isLaterThanPromised, promised } from "../../../../protocol/estimate/promise.js";
import {
  activeStage,
  pausedSeconds,
  ranSeconds,
  secondsBetween,
  stageRanSeconds,
} from "../../../../protocol/estimate/seconds.js";
import {
  stageTimeLeft,
  sumOf,
  type TimeLeft,
  timeLeft,
  UNKNOWN,
  usualTime,
} from "../../../../protocol/estimate/time-left.js";
import { getOwn } from "../../../../protocol/objects.js";
import type { Operation } from "../../../../protocol/operation.js";
import { chainOf, operationOf } from "../chain.js";
import { patched, type State } from "../model.js";
import type { Told } from "../operation/slice.js";
import { titleNamed, usualNamed, usualOf, usualSuccessors } from "./history.js";

export interface ChainTime extends TimeLeft {
  /** What earlier runs took was read, if there are any. Before, nothing is told. */
  readonly isKnown: boolean;
  /** Titles of the parts to come whose time is unknown. */
  readonly unknown: readonly string[];
  /** The end is later than the screen said before. */
  readonly isLater: boolean;
}

/** The time left of the operation, with the links of its chain that are still to come. */
export function chainTime(state: State, operation: Operation): ChainTime {
  const rest = chainRest(state, operation, state.now);
  const { last, left, isKnown, unknown } = rest;
  return {
    ...left,
    isKnown,
    unknown,
    isLater: isLater(state, operation, rest, promiseOf(state, last)),
  };
}

function isLater(
  state: State,
  operation: Operation,
  rest: ChainRest,
  promise: Told | undefined,
): boolean {
  if (promise === undefined) return false;
  const at = verdictAt(state, operation);
  const { last, ran, left } = at === state.now ? rest : chainRest(state, operation, at);
  return isLaterThanPromised(promise, last.attempt, ran, left);
}

/**
 * When it is judged whether the chain is late. Between two reports of a share, nothing is known: a
 * report that comes late must not make the operation late.
 */
function verdictAt(state: State, operation: Operation): number {
  const last = chainOf(state, operation).at(-1)!;
  const pace = state.operation.paces.get(last.id);
  return pace === undefined || pace.last.percent === 0
    ? state.now
    : Math.min(state.now, Date.parse(last.updatedAt));
}

/** Each link promises anew: nobody knew of the first run of a chain that another link follows. */
function promiseOf(state: State, last: Operation): Told | undefined {
  const promise = state.operation.promises.get(last.chain.id);
  return promise?.link === last.id && promise.attempt === last.attempt ? promise : undefined;
}

type ChainRest = ReturnType<typeof chainRest>;

function chainRest(state: State, operation: Operation, now: number) {
  const links = chainOf(state, operation);
  const last = links.at(-1)!;
  const open = links.filter((link) => link.state === "running" || link.state === "queued");
  const coming = open.includes(last) ? usualSuccessors(state, last) : [];
  const times = new Map(open.map((link) => [link.id, operationTime(state, link, now)]));
  const parts: ReadonlyArray<readonly [title: string | null, time: TimeLeft]> = [
    ...open.map(
      (link) => [link.state === "queued" ? link.title : null, times.get(link.id)!] as const,
    ),
    ...coming.map((name) => [titleNamed(state, name), usualTime(usualNamed(state, name))] as const),
    // The chain has links that were not read yet.
    ...(last.chain.next === null ? [] : [[null, UNKNOWN] as const]),
  ];
  const lengths = [
    ...links.map((link) => {
      const rest = times.get(link.id)?.seconds;
      if (rest === undefined) return link.seconds ?? 0;
      return link.state === "queued" ? (rest ?? 0) : ranSeconds(link, now) + (rest ?? 0);
    }),
    ...coming.map((name) => usualNamed(state, name)?.seconds?.p50 ?? 0),
  ];
  const isKnown = [...open.map(historyName), ...coming].every((name) =>
    state.operation.histories.has(name),
  );
  const started = links[0]!.startedAt;
  const paused = links.reduce((sum, link) => sum + pausedSeconds(link, now), 0);
  return {
    last,
    coming,
    left:
      open.length === 0 || !isKnown
        ? UNKNOWN
        : sumOf(
            parts.map(([, time]) => time),
            lengths,
          ),
    isKnown,
    ran: started === null ? 0 : Math.max(0, secondsBetween(started, now) - paused),
    unknown: [
      ...unknownStages(state, operation),
      ...parts.flatMap(([title, { isLeast }]) => (title !== null && isLeast ? [title] : [])),
    ],
  };
}

/** The time left of the operation alone; unknown until it is known what earlier runs took. */
export function operationTime(state: State, operation: Operation, now = state.now): TimeLeft {
  if (!state.operation.histories.has(historyName(operation))) return UNKNOWN;
  const pace = state.operation.paces.get(operation.id);
  return timeLeft(operation, usualOf(state, operation), pace, now, awaitedIn(state, now));
}

/** The time left of the stage that runs. */
export function stageTime(state: State, operation: Operation, stage: string): TimeLeft {
  const pace = state.operation.paces.get(operation.id);
  const usual = usualOf(state, operation);
  return stageTimeLeft(operation, stage, usual, pace, state.now, awaitedIn(state, state.now));
}

const awaitedIn =
  (state: State, now: number) =>
  (id: string): TimeLeft => {
    const awaited = operationOf(state, id);
    return awaited === null ? UNKNOWN : operationTime(state, awaited, now);
  };

/** Later stages whose time is unknown. */
function unknownStages(state: State, operation: Operation): string[] {
  const { stages, stageStates, currentStage } = operation;
  const usual = usualOf(state, operation);
  return stages.filter((stage, i) => {
    const isToCome = i > currentStage && getOwn(stageStates, stage) === undefined;
    return operation.state === "running" && isToCome && !(usual && getOwn(usual.stages, stage));
  });
}

/** Seconds a stage usually takes. */
export function usualSeconds(state: State, operation: Operation, stage: string): number | null {
  return usualStage(state, operation, stage)?.p50 ?? null;
}

export const usualStage = (state: State, operation: Operation, stage: string) =>
  getOwn(usualOf(state, operation)?.stages ?? {}, stage) ?? null;

/** The map with the paces of these operations; the same one where nothing is new. */
export function pacesBy(
  { operation: { paces } }: State,
  operations: Iterable<Operation>,
): State["operation"]["paces"] {
  let next: Map<string, Pace> | null = null;
  for (const operation of operations) {
    const before = paces.get(operation.id);
    const pace = paced(before, operation);
    if (pace === before) continue;
    next ??= new Map(paces);
    if (pace === undefined) next.delete(operation.id);
    else next.set(operation.id, pace);
  }
  return next ?? paces;
}

const NOTHING: OverallProgress = { percent: 0, known: false };

/** How far the operation alone is: the share of its time, else of its stages. */
export function progressOf(state: State, operation: Operation): OverallProgress {
  if (!state.operation.histories.has(historyName(operation))) return NOTHING;
  const ran = ranSeconds(operation, state.now);
  return shareOfTime(ran, operationTime(state, operation)) ?? overallProgress(operation);
}

/**
 * How far the stage is that runs: the share of its time, else what it reports; null: neither is
 * known.
 */
export function stageProgress(state: State, operation: Operation): OverallProgress | null {
  const { untrackedStage, progress } = operation;
  const stage = untrackedStage === null ? activeStage(operation) : null;
  const ran = stage === null ? 0 : stageRanSeconds(operation, stage, state.now);
  const share = stage === null ? null : shareOfTime(ran, stageTime(state, operation, stage));
  const percent = stagePercent(operation);
  if (share !== null || percent === null || (percent === 0 && progress === null)) return share;
  return { percent, known: true, approximate: progress?.approximate };
}

/** Points of percent that an estimate may go back, so that the screen does not tell of it. */
const CALM = 3;

/**
 * How far the chain is with what comes: the share of its time, else of its links and their stages.
 */
export function chainProgress(state: State, operation: Operation): OverallProgress {
  const { last, ran, left, isKnown, coming } = chainRest(state, operation, state.now);
  if (operation.state !== "running") return overallProgress(operation);
  if (!isKnown) return NOTHING;
  const told = promiseOf(state, last)?.percent ?? 0;
  const share = shareOfTime(ran, left);
  if (share !== null)
    return told > share.percent && told - CALM < share.percent
      ? { ...share, percent: told }
      : share;
  const own = overallProgress(last);
  const percent = (100 * last.chain.index + own.percent) / (last.chain.index + 1 + coming.length);
  return told > percent ? { percent: told, known: false } : { ...own, percent };
}

export const ROUND_SECONDS = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400,
  172_800, 604_800,
];
/** Parts of an axis to which its end is rounded. */
const PARTS = 10;

export function roundedUp(seconds: number): number {
  const step = ROUND_SECONDS.find((round) => seconds <= PARTS * round) ?? seconds;
  return Math.ceil(seconds / step) * step;
}

/** Seconds of the axis of a chain; 0: it has none yet. */
export const axisSeconds = (state: State, last: Operation): number =>
  promiseOf(state, last)?.axis ?? 0;

/** The axis stays until its end is passed, or was far too late. */
function axisAfter(before: Told | undefined, seconds: number): number {
  const rounded = roundedUp(seconds);
  const { axis = 0 } = before ?? {};
  return axis > 2 * rounded ? rounded : Math.max(axis, rounded);
}

/** Once a second: what the screen tells of the end of each chain that runs. */
export function withPromises(state: State): State {
  const promises = new Map<string, Told>();
  for (const operation of state.view.operations.values()) {
    if (operation.state !== "running") continue;
    const { last, ran, left } = chainRest(state, operation, verdictAt(state, operation));
    const { attempt, chain, id } = last;
    const before = promiseOf(state, last);
    const { limit = Number.POSITIVE_INFINITY } = promised(before, attempt, ran, left) ?? {};
    if (left.seconds === null && before === undefined) continue;
    const { percent } = chainProgress(state, operation);
    const axis = axisAfter(before, ran + (left.seconds ?? 0));
    promises.set(chain.id, { attempt, limit, link: id, percent, axis });
  }
  return promises.size === 0 && state.operation.promises.size === 0
    ? state
    : patched(state, "operation", { promises });
}
