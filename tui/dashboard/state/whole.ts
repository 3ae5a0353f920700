/**
 * How far an operation is as a whole, with a memory: what was shown is kept for each attempt, with the history it was
 * computed from. A second `track` in a stage, or a newer history, never leads the figure back.
 */
import type { Operation } from "../../../protocol/operation.js";
import { type OverallProgress, overallProgress } from "../../../protocol/overall-progress.js";
import type { History } from "./histories.js";
import { historyName } from "./history-name.js";
import type { State } from "./model.js";

/** What was reached in an attempt. */
export interface Reached {
  readonly attempt: number;
  readonly history: History;
  readonly percent: number;
}

const NOTHING: OverallProgress = { percent: 0, known: false };

/** Of a running operation, or of one that stopped on its way. */
export function wholeOf(state: State, operation: Operation): OverallProgress {
  if (operation.state === "succeeded") return overallProgress(operation, null);
  const reached = reachedBefore(state, operation);
  const history = reached?.history ?? state.histories.get(historyName(operation)) ?? null;
  // Weighed in one way first and in another after the answer, it would jump.
  if (history === null && operation.stages.length > 1) return NOTHING;
  const now = overallProgress(operation, history?.stages ?? null);
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
