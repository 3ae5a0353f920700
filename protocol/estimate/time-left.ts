/**
 * The time that an operation still takes. The active stage counts by its own pace, else by its median less the time it
 * ran, else by its p90 less that time; else its rest is unknown, and never 0. A later stage counts its median. What is
 * unknown is left out of the sum, which is then the least.
 */
import { getOwn } from "../objects.js";
import type { Operation } from "../operation.js";
import { type Pace, type Rest, restAtPace } from "./pace.js";
import { activeStage, ranSeconds, stageRanSeconds } from "./seconds.js";
import type { Spread, Usual } from "./usual.js";

export interface TimeLeft {
  /** More than 0; null: nothing is known. */
  readonly seconds: number | null;
  /** A part is unknown: it takes this long or longer. */
  readonly isLeast: boolean;
  /** Seconds by which the estimate may be off. */
  readonly margin: number;
  /** Earlier runs that the estimate is from; null: it is from the pace alone. */
  readonly runs: number | null;
  /** Past what nine of ten earlier runs took, without a pace of its own. */
  readonly isLate: boolean;
}

export const UNKNOWN: TimeLeft = { seconds: null, isLeast: true, margin: 0, runs: null, isLate: false };
const LATE: TimeLeft = { ...UNKNOWN, isLate: true };
const NOTHING: TimeLeft = { ...UNKNOWN, isLeast: false };

/** The time left of another operation, by its id. */
type OfAwaited = (id: string) => TimeLeft;

/**
 * @param usual of runs like this operation; null: none is known
 * @param awaited of what the active stage waits for, where earlier runs do not tell the time of the stage
 */
export function timeLeft(
  operation: Operation,
  usual: Usual | null,
  pace: Pace | undefined,
  now: number,
  awaited: OfAwaited = () => UNKNOWN,
): TimeLeft {
  if (operation.state === "queued") return usualTime(usual);
  if (operation.state !== "running" || standsStill(operation)) return UNKNOWN;
  const byStages = restOfStages(operation, usual, pace, now, awaited);
  if (byStages !== null && (!byStages.isLeast || byStages.isLate)) return byStages;
  // The median of the whole includes a stage whose runs differ, but not one that none of them had.
  const known = Object.keys(usual?.stages ?? {});
  const isNew = known.length > 0 && remaining(operation).some((stage) => !known.includes(stage));
  if (!usual?.seconds || isNew || isResumed(operation)) return byStages ?? UNKNOWN;
  const byWhole = restOf(usual.seconds, ranSeconds(operation, now), usual.runs);
  return byWhole.isLate && byStages !== null ? { ...byStages, isLate: true } : byWhole;
}

/** The time of an operation that has not begun. */
export function usualTime(usual: Usual | null): TimeLeft {
  return usual?.seconds ? known(usual.seconds, usual.runs) : UNKNOWN;
}

/** The time of several parts, one after the other. */
export function sumOf(parts: readonly TimeLeft[]): TimeLeft {
  return parts.reduce(
    (sum, part) => ({
      seconds: part.seconds === null ? sum.seconds : (sum.seconds ?? 0) + part.seconds,
      isLeast: sum.isLeast || part.isLeast,
      margin: Math.hypot(sum.margin, part.margin),
      runs: sum.runs === null || (part.runs !== null && part.runs < sum.runs) ? part.runs : sum.runs,
      isLate: sum.isLate || part.isLate,
    }),
    NOTHING,
  );
}

/** Seconds within which an operation ends that has passed its p90: durations scatter. */
const SLACK = 1;

/** The rest of a part that ran so long already. */
function restOf(spread: Spread, ran: number, runs: number): TimeLeft {
  const { p50, p90 } = spread;
  if (ran < p50) return { ...known(spread, runs), seconds: p50 - ran };
  const last = Math.max(p90 + SLACK, p90 * 1.1);
  return ran < last ? { ...known(spread, runs), seconds: last - ran } : LATE;
}

const known = ({ p50, p90 }: Spread, runs: number): TimeLeft => ({
  ...NOTHING,
  seconds: p50,
  margin: p90 - p50,
  runs,
});

/** Null: the operation has no stages, or none is left. */
function restOfStages(
  operation: Operation,
  usual: Usual | null,
  pace: Pace | undefined,
  now: number,
  awaited: OfAwaited,
): TimeLeft | null {
  const active = activeStage(operation);
  const own = restAtPace(operation, pace, now);
  if (operation.stages.length === 0) return own === null ? null : ofPace(own);
  const parts = remaining(operation).map((stage): TimeLeft => {
    const spread = usual === null ? null : (getOwn(usual.stages, stage) ?? null);
    if (stage !== active) return spread === null ? UNKNOWN : known(spread, usual!.runs);
    const other = spread === null ? restOfAwaited(operation, stage, awaited) : UNKNOWN;
    if (other.seconds !== null) return other;
    const ran = stageRan(operation, stage, pace, now);
    if (own === null) return spread === null ? UNKNOWN : restOf(spread, ran, usual!.runs);
    // A later attempt does not begin the stage anew.
    return spread !== null && usual!.isSame && operation.attempt === 1 && ran < spread.p50
      ? weighed(own, restOf(spread, ran, usual!.runs))
      : ofPace(own);
  });
  return parts.length === 0 ? null : sumOf(parts);
}

/** Unknown where the stage does more than wait for one operation. */
function restOfAwaited({ waitsFor, steps = {} }: Operation, stage: string, awaited: OfAwaited): TimeLeft {
  const [id, ...more] = waitsFor ?? [];
  return id === undefined || more.length > 0 || getOwn(steps, stage) !== undefined ? UNKNOWN : awaited(id);
}

const ofPace = ({ seconds, margin }: Rest): TimeLeft => ({ ...NOTHING, seconds, margin });

/**
 * At its begin, a stage may have another pace than later. So what the same work took before counts as long as little is
 * done.
 */
function weighed(own: Rest, usual: TimeLeft): TimeLeft {
  const share = own.percent / 100;
  const seconds = own.seconds * share + usual.seconds! * (1 - share);
  return { ...usual, seconds, margin: own.margin * share + usual.margin * (1 - share) };
}

/** The active stage and those that come. A stage before it was skipped, if it did not run. */
function remaining({ stages, stageStates, currentStage }: Operation): string[] {
  return stages.filter((stage, i) => {
    const state = getOwn(stageStates, stage);
    return state === "active" || (state === undefined && i >= currentStage);
  });
}

function stageRan(operation: Operation, stage: string, pace: Pace | undefined, now: number): number {
  const isSame = pace?.attempt === operation.attempt && pace.stage === stage;
  return isSame ? ranSeconds(operation, now) - pace.begin : stageRanSeconds(operation, stage, now);
}

/** Whether nobody can tell when it goes on. */
function standsStill({ stalledSince, noRoomSince, waitingForInput }: Operation): boolean {
  return stalledSince !== null || noRoomSince !== null || waitingForInput !== null;
}

const isResumed = ({ stageTimes }: Operation): boolean =>
  Object.values(stageTimes).some(({ resumed }) => resumed);
