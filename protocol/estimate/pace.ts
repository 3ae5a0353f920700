/**
 * How the share of the active stage has grown, as one watcher of the record saw it, and how long
 * the rest takes at that pace. Times are seconds that the attempt has run, so that a pause does not
 * count.
 */
import type { Operation } from "../operation.js";
import { activeStage, ranSeconds, stageRanSeconds } from "./seconds.js";

interface Point {
  /** Seconds that the attempt had run. */
  readonly at: number;
  readonly percent: number;
}

export interface Pace {
  readonly attempt: number;
  readonly stage: string | null;
  /** When the stage began. */
  readonly begin: number;
  /** The oldest first, a percent or more apart. */
  readonly points: readonly Point[];
  /** When the share grew last. */
  readonly last: Point;
}

/**
 * The pace with what the record shows; the same one if nothing is new. Undefined: no stage runs.
 */
export function paced(before: Pace | undefined, operation: Operation): Pace | undefined {
  const { attempt, stages, state, progress, updatedAt } = operation;
  const stage = activeStage(operation);
  if (state !== "running" || (stage === null && stages.length > 0)) return undefined;
  const now = Date.parse(updatedAt);
  const at = ranSeconds(operation, now);
  const percent = shareOf(operation);
  const isSame = before?.attempt === attempt && before.stage === stage;
  const began = stage === null ? 0 : at - stageRanSeconds(operation, stage, now);
  const begin = isSame ? before.begin : began;
  const here = { at, percent: percent ?? 0 };
  // A loop that has no rate yet skips what an earlier attempt did; a second loop begins anew.
  const isAnew =
    !isSame || (progress !== null && !progress.rate) || here.percent < before.last.percent;
  if (isSame && (percent === null || percent === before.last.percent)) return before;
  if (isAnew) {
    // A loop tells its rate, so what came before the watcher need not be known.
    const first = progress === null && !isSame ? { at: begin, percent: 0 } : here;
    return {
      attempt,
      stage,
      begin,
      points: [first],
      last: first.percent === here.percent ? first : here,
    };
  }
  const isFar = here.percent - before.points.at(-1)!.percent >= 1;
  return { ...before, points: isFar ? [...before.points, here] : before.points, last: here };
}

/**
 * The share of the active stage that is done; null: unknown. The bar of an untracked stage says
 * nothing of it.
 */
function shareOf({ untrackedStage, progress, percent, stages }: Operation): number | null {
  if (untrackedStage !== null && stages.length > 0) return null;
  if (progress === null) return percent > 0 ? percent : null;
  return progress.total === null ? null : percent;
}

/**
 * Percent of a stage that only reports its percent, from which its pace is a better estimate than
 * earlier runs.
 */
const PACE_FROM = 3;
/** Percent that the pace of the points needs, and that the recent pace covers. */
const WINDOW = 10;
/** A stage without a step for so many seconds, and for the time of so many steps, has no pace. */
const STILL_FROM = 10;
const STILL_STEPS = 10;

export interface Rest {
  readonly seconds: number;
  readonly percent: number;
  /** Seconds by which the estimate may be off. */
  readonly margin: number;
}

/** The rest of the active stage at its own pace; null: it reports none, or has reported all. */
export function restAtPace(operation: Operation, pace: Pace | undefined, now: number): Rest | null {
  const percent = shareOf(operation);
  if (percent === null || percent >= 100) return null;
  const { progress } = operation;
  const told = rateOf(operation);
  const seen = pace === undefined ? null : seenPace(pace);
  if (progress === null && percent < PACE_FROM) return null;
  if (progress !== null && told === null) return null;
  const slow = seen?.seconds ?? told ?? wholePace(operation, percent, now);
  const age = pace === undefined ? 0 : Math.max(0, ranSeconds(operation, now) - pace.last.at);
  const step = Math.max(1 / slow, seen?.step ?? 0, progress?.total ? 100 / progress.total : 1);
  if (age > Math.max(STILL_FROM, STILL_STEPS * step * slow)) return null;
  // The next step may come now, at the earliest. So a stage that stands still gets slower.
  const each = Math.max(slow, (WINDOW * slow + age) / (WINDOW + step));
  const seconds = (100 - percent) * each - Math.min(age, step * each);
  // A stage that has just begun has no pace.
  if (!(seconds > 0)) return null;
  return { seconds, percent, margin: marginOf(100 - percent, seen) ?? seconds / 2 };
}

/** What the pace of the points, and the rest itself, may be off, in nine of ten cases. */
function marginOf(rest: number, seen: Seen | null): number | null {
  return seen === null
    ? null
    : 1.6 * Math.hypot(rest * seen.error, seen.deviation * Math.sqrt(rest));
}

/** Seconds for a percent by the rate that a loop tells. */
function rateOf({ progress }: Operation): number | null {
  if (progress === null || !progress.rate || !progress.total) return null;
  return progress.total / 100 / progress.rate;
}

function wholePace(operation: Operation, percent: number, now: number): number {
  const stage = activeStage(operation);
  const ran = stage === null ? ranSeconds(operation, now) : stageRanSeconds(operation, stage, now);
  return ran / percent;
}

interface Seen {
  /** For a percent. */
  readonly seconds: number;
  readonly error: number;
  /** Of the seconds for one percent. */
  readonly deviation: number;
  /** The largest step in percent. */
  readonly step: number;
}

/**
 * The pace of all points, or of the last ones where these differ by more than chance. Null: too
 * few.
 */
function seenPace({ points, last }: Pace): Seen | null {
  const all = points.at(-1) === last ? points : [...points, last];
  const first = all[0]!;
  const grown = last.percent - first.percent;
  if (grown < WINDOW || last.at <= first.at) return null;
  let from = all.length - 1;
  while (from > 0 && last.percent - all[from]!.percent < WINDOW) from--;
  const whole = (last.at - first.at) / grown;
  const recent = (last.at - all[from]!.at) / (last.percent - all[from]!.percent);
  const steps = all.slice(from + 1).map((point, i) => ({
    seconds: point.at - all[from + i]!.at,
    percent: point.percent - all[from + i]!.percent,
  }));
  const off = steps.map(({ seconds, percent }) => (seconds - recent * percent) ** 2 / percent);
  const n = steps.length;
  const deviation = n < 2 ? recent : Math.sqrt(off.reduce((sum, each) => sum + each, 0) / (n - 1));
  const error = deviation / Math.sqrt(last.percent - all[from]!.percent);
  const step = Math.max(...steps.map(({ percent }) => percent));
  return Math.abs(recent - whole) > 2 * error
    ? { seconds: recent, error, deviation, step }
    : { seconds: whole, error: deviation / Math.sqrt(grown), deviation, step };
}
