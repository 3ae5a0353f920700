/**
 * What earlier runs tell about an operation. Runs with the same parameters come first; where none
 * is known, all runs count. Runs that differ too much tell nothing.
 */
import { createHash } from "node:crypto";
import type { Operation } from "../operation.js";
import type { HistoryReply } from "../replies.js";

/** Seconds that half of the runs did not exceed, and nine of ten. */
export interface Spread {
  readonly p50: number;
  readonly p90: number;
  /** Shares of the time after which the percents of `CURVE_PERCENTS` were told; absent: unknown. */
  readonly curve?: readonly number[] | undefined;
}

export interface Usual {
  readonly runs: number;
  /** The runs had the same parameters, or parameters make no difference. */
  readonly isSame: boolean;
  /** All of them had other parameters. */
  readonly isOther: boolean;
  /** Null: the runs differ too much. */
  readonly seconds: Spread | null;
  /** Null: the runs of the stage differ too much. A stage that never ran to its end is absent. */
  readonly stages: Readonly<Record<string, Spread | null>>;
}

type Measured = Pick<HistoryReply, "runs" | "seconds" | "stages">;
type History = Measured & Pick<HistoryReply, "byParams">;

/** Most times the median for the p90: beyond it, the runs differ too much to compare. */
const ALIKE = 3;
/** Or most seconds between the p90 and the median: short runs need no exact estimate. */
const NO_TIME = 1;

/** Sets of parameters whose runs took the same time: then parameters make no difference. */
const SETS_LEAST = 3;
const CLOSE = 1.3;

/** Runs with other parameters that tell something: one or two may be very different. */
const OTHERS_LEAST = 3;

const isClose = (spread: Spread | null): boolean =>
  spread !== null && spread.p90 <= spread.p50 * CLOSE;

/**
 * @param params `paramsKey` of the operation; null: unknown
 * @param least runs that can be compared
 */
export function usualIn(history: History, params: string | null, least = 1): Usual | null {
  const sets = history.byParams ?? [];
  const counted = sets.reduce((sum, { runs }) => sum + runs, 0);
  const isIndifferent = sets.length >= SETS_LEAST && isClose(history.seconds);
  const isOther = params !== null && counted === history.runs && !isIndifferent;
  const enough = isOther ? Math.max(least, OTHERS_LEAST) : least;
  const all = history.runs < enough ? null : measured(history, { isSame: isIndifferent, isOther });
  const same =
    params === null ? undefined : sets.find((set) => set.params === params && set.runs >= least);
  const like = same === undefined ? null : measured(same, { isSame: true, isOther: false });
  if (like === null || !isUseful(like)) return all && same ? { ...all, isOther: false } : all;
  return { ...like, stages: { ...all?.stages, ...like.stages } };
}

function measured(
  { runs, seconds, stages }: Measured,
  params: Pick<Usual, "isSame" | "isOther">,
): Usual {
  return {
    ...params,
    runs,
    seconds: alike(seconds),
    stages: Object.fromEntries(
      Object.entries(stages).map(([stage, spread]) => [stage, alike(spread)]),
    ),
  };
}

function alike(spread: Spread | null): Spread | null {
  if (spread === null) return null;
  const { p50, p90, curve } = spread;
  return p90 <= p50 * ALIKE || p90 - p50 <= NO_TIME ? { p50, p90, curve } : null;
}

const isUseful = ({ seconds, stages }: Usual): boolean =>
  seconds !== null || Object.values(stages).some((spread) => spread !== null);

const keys = new WeakMap<object, string>();

/** Equal for operations with equal parameters; null: the record leaves the parameters out. */
export function paramsKey({ params, large }: Pick<Operation, "params" | "large">): string | null {
  if (large?.includes("params")) return null;
  let key = keys.get(params);
  if (key === undefined) {
    key = createHash("sha256")
      .update(JSON.stringify(sorted(params)))
      .digest("hex")
      .slice(0, 12);
    keys.set(params, key);
  }
  return key;
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => [name, sorted(each)]);
}
