/**
 * How far an operation is as a whole: the stages behind it, and the share of the one under way that it tells itself.
 *
 * A stage counts for what it usually takes (the median of earlier runs), all the same where no run tells, one that no
 * run came through for the mean of the others. What was shown is remembered for each attempt, with the history it
 * was weighed by: a second `track` in a stage, or a history that is asked for anew, leads nothing back.
 */
import { getOwn } from "../../../protocol/get-own.js";
import type { Operation } from "../../../protocol/operation.js";
import type { History } from "./histories.js";
import { historyName } from "./history-name.js";
import type { State } from "./model.js";

export interface Whole {
  /** From 0 up to 99 before the end; a share that nothing tells is not in it. */
  readonly percent: number;
  /** Whether the stage under way tells its share: where it does not, it is at least so far. */
  readonly known: boolean;
}

/** What was reached in an attempt. */
export interface Reached {
  readonly attempt: number;
  readonly history: History;
  readonly percent: number;
}

/** A stage that counts for less of the whole, in percent, may keep its share to itself. */
const NOT_MISSED = 1;
/** 100 is the end, and nothing else. */
const BEFORE_THE_END = 99;
const NOTHING: Whole = { percent: 0, known: false };

/** Of a running operation, or of one that stopped on its way. */
export function wholeOf(state: State, operation: Operation): Whole {
  if (operation.state === "succeeded") return { percent: 100, known: true };
  const reached = reachedBefore(state, operation);
  const history = reached?.history ?? state.histories.get(historyName(operation)) ?? null;
  // Weighed in one way first and in another after the answer, it would jump.
  if (history === null && operation.stages.length > 1) return NOTHING;
  const now = shareOf(operation, history);
  return reached !== null && reached.percent > now.percent ? { ...now, percent: reached.percent } : now;
}

/** The map with what these operations have reached by now; the same one where nothing is new. */
export function reachedBy(state: State, operations: Iterable<Operation>): State["reached"] {
  let reached: Map<string, Reached> | null = null;
  for (const operation of operations) {
    const { id, attempt } = operation;
    const before = state.reached.get(id);
    if (operation.state !== "running") {
      if (before === undefined) continue;
      reached ??= new Map(state.reached);
      reached.delete(id);
      continue;
    }
    const history = reachedBefore(state, operation)?.history ?? state.histories.get(historyName(operation));
    if (history === undefined) continue;
    const { percent } = wholeOf(state, operation);
    if (before?.attempt === attempt && before.percent === percent) continue;
    reached ??= new Map(state.reached);
    reached.set(id, { attempt, history, percent });
  }
  return reached ?? state.reached;
}

function reachedBefore(state: State, { id, attempt }: Operation): Reached | null {
  const reached = state.reached.get(id);
  return reached?.attempt === attempt ? reached : null;
}

function shareOf(operation: Operation, history: History | null): Whole {
  const { stages, stageStates, currentStage, untrackedStage } = operation;
  // The bar of an untracked stage is no share of a tracked one. Without stages, or before the first, the bar is all
  // there is.
  const share = untrackedStage !== null && stages.length > 0 ? null : measured(operation);
  if (currentStage < 0) return capped(share ?? 0, share !== null);
  const weights = weightsOf(stages, history);
  let all = 0;
  let behind = 0;
  weights.forEach((weight, i) => {
    all += weight;
    if (i < currentStage) behind += weight;
  });
  const present = weights[currentStage] ?? 0;
  if (getOwn(stageStates, stages[currentStage] ?? "") === "done")
    return capped(((behind + present) / all) * 100, true);
  const known = share !== null || (present / all) * 100 < NOT_MISSED;
  return capped(((behind + (present * (share ?? 0)) / 100) / all) * 100, known);
}

function capped(percent: number, known: boolean): Whole {
  return { percent: Math.max(0, Math.min(BEFORE_THE_END, percent)), known };
}

/** The percent of the stage under way; null where it has no total, or nothing was said yet. */
export function measured({ progress, percent }: Operation): number | null {
  return (progress === null ? percent === 0 : progress.total === null) ? null : percent;
}

function weightsOf(stages: readonly string[], history: History | null): number[] {
  const usual = stages.map(
    (stage) => (history === null ? undefined : getOwn(history.stages, stage))?.p50 ?? null,
  );
  const told = usual.filter((seconds) => seconds !== null);
  const sum = told.reduce((total, seconds) => total + seconds, 0);
  if (sum === 0) return stages.map(() => 1);
  return usual.map((seconds) => seconds ?? sum / told.length);
}
