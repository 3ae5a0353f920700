/**
 * What earlier runs tell about an operation. Runs with the same parameters come first; where fewer than two of them are
 * known, all runs count. Runs that differ too much tell nothing.
 */
import { createHash } from "node:crypto";
import type { Operation } from "../operation.js";
import type { HistoryReply } from "../replies.js";

/** Seconds that half of the runs did not exceed, and nine of ten. */
export interface Spread {
  readonly p50: number;
  readonly p90: number;
}

export interface Usual {
  readonly runs: number;
  /** The runs had the same parameters. */
  readonly isSame: boolean;
  /** Null: the runs differ too much. */
  readonly seconds: Spread | null;
  /** Null: the runs of the stage differ too much. A stage that never ran to its end is absent. */
  readonly stages: Readonly<Record<string, Spread | null>>;
}

type Measured = Pick<HistoryReply, "runs" | "seconds" | "stages">;
type History = Measured & Pick<HistoryReply, "byParams">;

/** Runs that can be compared. */
export const RUNS_LEAST = 2;
/** Most times the median for the p90: beyond it, the runs differ too much to compare. */
const ALIKE = 3;
/** Or most seconds between the p90 and the median: short runs need no exact estimate. */
const NO_TIME = 1;

/** @param params `paramsKey` of the operation; null: unknown */
export function usualIn(history: History, params: string | null): Usual | null {
  const all = measured(history, false);
  const same = params === null ? undefined : history.byParams?.find((set) => set.params === params);
  const like = same === undefined ? null : measured(same, true);
  if (like === null || !isUseful(like)) return all;
  return { ...like, stages: { ...all?.stages, ...like.stages } };
}

function measured({ runs, seconds, stages }: Measured, isSame: boolean): Usual | null {
  if (runs < RUNS_LEAST) return null;
  return {
    runs,
    isSame,
    seconds: alike(runs, seconds),
    stages: Object.fromEntries(
      Object.entries(stages).map(([stage, spread]) => [stage, alike(spread.runs, spread)]),
    ),
  };
}

function alike(runs: number, spread: Spread | null): Spread | null {
  if (spread === null || runs < RUNS_LEAST) return null;
  const { p50, p90 } = spread;
  return p90 <= p50 * ALIKE || p90 - p50 <= NO_TIME ? { p50, p90 } : null;
}

const isUseful = ({ seconds, stages }: Usual): boolean =>
  seconds !== null || Object.values(stages).some((spread) => spread !== null);

const keys = new WeakMap<object, string>();

/** Equal for operations with equal parameters; null: the record leaves the parameters out. */
export function paramsKey({ params, omitted }: Pick<Operation, "params" | "omitted">): string | null {
  if (omitted?.params !== undefined) return null;
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
