/**
 * The time that an operation still takes. The active stage counts by what the same work took
 * before, measured by how far it is; else by its own pace; else by its median and p90 less the time
 * it ran. A later stage counts its median. An unknown part counts as much as the others do on
 * average while it is at most half of the rest; else the sum is the least.
 */
import { getOwn } from "../objects.js";
import type { Operation } from "../operation.js";
import { timeAt } from "./curve.js";
import { type Pace, type Rest, restAtPace } from "./pace.js";
import { activeStage, ranSeconds, stageRanSeconds } from "./seconds.js";
import type { Spread, Usual } from "./usual.js";

export interface TimeLeft {
  /** More than 0; null: nothing is known. */
  readonly seconds: number | null;
  /** A part is unknown, and may be more than half: it takes this long or longer. */
  readonly isLeast: boolean;
  /** Seconds by which the estimate may be off. */
  readonly margin: number;
  /** Earlier runs that the estimate is from; null: it is from the pace alone. */
  readonly runs: number | null;
  /** These runs had other parameters. */
  readonly isOther: boolean;
  /** Past what nine of ten earlier runs took, without a pace of its own. */
  readonly isLate: boolean;
  /** Seconds that the unknown part may take; infinite: nobody knows. */
  readonly guess: number;
}

export const UNKNOWN: TimeLeft = {
  seconds: null,
  isLeast: true,
  margin: 0,
  runs: null,
  isOther: false,
  isLate: false,
  guess: Number.POSITIVE_INFINITY,
};
/** A part that has not begun and of which nothing is known. */
const TO_COME: TimeLeft = { ...UNKNOWN };
const LATE: TimeLeft = { ...UNKNOWN, isLate: true };
/** Of what cannot start: nobody knows when it can. */
const HELD: TimeLeft = { ...UNKNOWN };
const NOTHING: TimeLeft = { ...UNKNOWN, isLeast: false, guess: 0 };

/** The time left of another operation, by its id. */
type OfAwaited = (id: string) => TimeLeft;

/**
 * @param usual of runs like this operation; null: none is known
 * @param awaited of what the active stage waits for, where earlier runs do not tell the time of
 *   the stage
 */
export function timeLeft(
  operation: Operation,
  usual: Usual | null,
  pace: Pace | undefined,
  now: number,
  awaited: OfAwaited = () => UNKNOWN,
): TimeLeft {
  if (operation.state === "queued") return operation.blocked === null ? usualTime(usual) : HELD;
  if (operation.waitsFor?.some((id) => awaited(id) === HELD)) return HELD;
  if (operation.state !== "running" || standsStill(operation)) return UNKNOWN;
  const byStages = restOfStages(operation, usual, pace, now, awaited);
  if (byStages !== null && (!byStages.isLeast || byStages.isLate)) return byStages;
  // The median of the whole includes a stage whose runs differ, but not one that none of them had.
  const known = Object.keys(usual?.stages ?? {});
  const isNew = known.length > 0 && remaining(operation).some((stage) => !known.includes(stage));
  if (!usual?.seconds || isNew || isResumed(operation))
    return byStages === null ? UNKNOWN : guessed(byStages);
  const byWhole = restOf(usual.seconds, ranSeconds(operation, now), usual);
  return byWhole.isLate && byStages !== null ? { ...guessed(byStages), isLate: true } : byWhole;
}

/** The time of an operation that has not begun. */
export function usualTime(usual: Usual | null): TimeLeft {
  return usual?.seconds ? known(usual.seconds, usual) : TO_COME;
}

/**
 * The time of several parts, one after the other.
 *
 * @param lengths seconds that other parts take; an unknown one that has not begun is expected to
 *   take their mean
 */
export function sumOf(parts: readonly TimeLeft[], lengths: readonly number[] = []): TimeLeft {
  return guessed(knownSum(parts, lengths));
}

/** With the unknown part, where it is at most half of the whole. */
function guessed(sum: TimeLeft): TimeLeft {
  const { seconds, guess } = sum;
  if (!sum.isLeast || seconds === null || guess > seconds) return sum;
  return {
    ...sum,
    seconds: seconds + guess,
    isLeast: false,
    margin: Math.hypot(sum.margin, guess),
    guess: 0,
  };
}

function knownSum(parts: readonly TimeLeft[], lengths: readonly number[]): TimeLeft {
  const known = lengths.filter((seconds) => seconds > 0);
  // Lengths differ by factors: one long part must not make all unknown ones long.
  const mean = Math.exp(known.reduce((sum, seconds) => sum + Math.log(seconds), 0) / known.length);
  return parts.reduce(
    (sum, part) => ({
      seconds: part.seconds === null ? sum.seconds : (sum.seconds ?? 0) + part.seconds,
      isLeast: sum.isLeast || part.isLeast,
      margin: Math.hypot(sum.margin, part.margin),
      runs:
        sum.runs === null || (part.runs !== null && part.runs < sum.runs) ? part.runs : sum.runs,
      isOther: sum.isOther || part.isOther,
      isLate: sum.isLate || part.isLate,
      guess: sum.guess + (part === TO_COME && known.length > 0 ? mean : part.guess),
    }),
    NOTHING,
  );
}

/**
 * Part of the p90 after which a run is late: few runs tell little of how much the next one may
 * take.
 */
const lateFrom = (p90: number, runs: number) =>
  Math.max(p90 + 1, p90 * (1 + Math.max(0.1, 1 / (runs + 1))));

/**
 * The rest of a part that ran so long already. Around its usual end, a part of what it may take at
 * most is left.
 */
function restOf(spread: Spread, ran: number, usual: Usual): TimeLeft {
  const last = lateFrom(spread.p90, usual.runs);
  // Runs with other parameters do not tell when this one is late.
  if (ran >= last) return usual.isOther ? UNKNOWN : LATE;
  return { ...known(spread, usual), seconds: Math.max(spread.p50 - ran, (last - ran) / 3) };
}

/** Part of the median by which a single earlier run may be off. */
const OFF = 0.3;

const known = ({ p50, p90 }: Spread, { runs, isOther }: Usual): TimeLeft => ({
  ...NOTHING,
  seconds: p50,
  margin: Math.max(p90 - p50, (p50 * OFF) / runs),
  runs,
  isOther,
});

/** Null: the operation has no stages and no pace, or no stage is left. */
function restOfStages(
  operation: Operation,
  usual: Usual | null,
  pace: Pace | undefined,
  now: number,
  awaited: OfAwaited,
): TimeLeft | null {
  const active = activeStage(operation);
  if (operation.stages.length === 0) {
    const own = restAtPace(operation, pace, now);
    return (
      own && weighed(own, usual?.seconds ?? null, ranSeconds(operation, now), operation, usual)
    );
  }
  const spreadOf = (stage: string) => usual && (getOwn(usual.stages, stage) ?? null);
  const current =
    active === null ? null : stageTimeLeft(operation, active, usual, pace, now, awaited);
  const parts = remaining(operation).map((stage): TimeLeft => {
    const spread = spreadOf(stage);
    if (stage === active) return current!;
    return spread === null ? TO_COME : known(spread, usual!);
  });
  if (parts.length === 0) return null;
  const lengths = operation.stages.map((stage) => {
    if (stage === active && current?.seconds)
      return stageRan(operation, stage, pace, now) + current.seconds;
    return spreadOf(stage)?.p50 ?? getOwn(operation.stageTimes, stage)?.seconds ?? 0;
  });
  return knownSum(parts, lengths);
}

/** The time left of the stage that is active. */
export function stageTimeLeft(
  operation: Operation,
  stage: string,
  usual: Usual | null,
  pace: Pace | undefined,
  now: number,
  awaited: OfAwaited = () => UNKNOWN,
): TimeLeft {
  if (operation.state !== "running" || standsStill(operation)) return UNKNOWN;
  const spread = usual && (getOwn(usual.stages, stage) ?? null);
  const other = spread === null ? restOfAwaited(operation, stage, awaited) : UNKNOWN;
  if (other.seconds !== null) return other;
  const ran = stageRan(operation, stage, pace, now);
  const own = restAtPace(operation, pace, now);
  if (own !== null) return weighed(own, spread, ran, operation, usual);
  return spread === null ? UNKNOWN : restOf(spread, ran, usual!);
}

/** Unknown where the stage does more than wait for one operation. */
function restOfAwaited(
  { waitsFor, steps = {} }: Operation,
  stage: string,
  awaited: OfAwaited,
): TimeLeft {
  const [id, ...more] = waitsFor ?? [];
  return id === undefined || more.length > 0 || getOwn(steps, stage) !== undefined
    ? UNKNOWN
    : awaited(id);
}

/** The pace may change: how much of the work is to come says how little is known. */
const ofPace = ({ seconds, margin, percent }: Rest): TimeLeft => ({
  ...NOTHING,
  seconds,
  margin: Math.max(margin, seconds * (1 - percent / 100)),
});

/**
 * Part of the usual time for which the first percents count little: a begin may be slow by chance.
 */
const BEGIN = 0.1;

/**
 * Where the same work took its time before, that time counts beside the pace: by the curve of its
 * percents the rest is known whatever the pace is now. Without a curve it counts less the more is
 * done.
 */
function weighed(
  own: Rest,
  spread: Spread | null,
  ran: number,
  operation: Operation,
  usual: Usual | null,
): TimeLeft {
  // A later attempt does not begin the stage anew.
  if (spread === null || !usual?.isSame || operation.attempt > 1) return ofPace(own);
  const share = own.percent / 100;
  const { p50, curve } = spread;
  const before = known(spread, usual);
  const margin = own.margin * share + before.margin * (1 - share);
  if (curve !== undefined) {
    const passed = timeAt(curve, share) * p50;
    const slowness = (ran + BEGIN * p50) / (passed + BEGIN * p50);
    const seconds = (p50 - passed) * slowness;
    if (seconds > 0) return { ...before, seconds, margin };
  }
  if (ran >= p50) return ofPace(own);
  return { ...before, seconds: own.seconds * share + (p50 - ran) * (1 - share), margin };
}

/** The active stage and those that come. A stage before it was skipped, if it did not run. */
function remaining({ stages, stageStates, currentStage }: Operation): string[] {
  return stages.filter((stage, i) => {
    const state = getOwn(stageStates, stage);
    return state === "active" || (state === undefined && i >= currentStage);
  });
}

function stageRan(
  operation: Operation,
  stage: string,
  pace: Pace | undefined,
  now: number,
): number {
  const isSame = pace?.attempt === operation.attempt && pace.stage === stage;
  return isSame ? ranSeconds(operation, now) - pace.begin : stageRanSeconds(operation, stage, now);
}

/** Whether nobody can tell when it goes on. */
function standsStill({ stalledSince, noRoomSince, waitingForInput }: Operation): boolean {
  return stalledSince !== null || noRoomSince !== null || waitingForInput !== null;
}

const isResumed = ({ stageTimes }: Operation): boolean =>
  Object.values(stageTimes).some(({ resumed }) => resumed);
