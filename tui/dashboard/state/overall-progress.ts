/**
 * How far an operation is as a whole, with a memory: what was shown is kept for each attempt, with the history it was
 * computed from. A second `track` in a stage, or a newer history, never leads the figure back.
 */
import type { Operation } from "../../../protocol/operation.js";
import { type OverallProgress, overallProgress } from "../../../protocol/overall-progress.js";
import { historyName } from "./history-name.js";
import { chainOf, type Reached, type State } from "./model.js";

const NOTHING: OverallProgress = { percent: 0, known: false };

/** Of a running operation, or of one that stopped on its way. */
export function progressOf(state: State, operation: Operation): OverallProgress {
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
    const { percent } = progressOf(state, operation);
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

/** Of the whole chain, with the links that are still to come; a link counts for its usual duration. */
export function chainProgress(
  state: State,
  operation: Operation,
  coming: readonly string[],
): OverallProgress {
  const links = chainOf(state, operation);
  if (links.length + coming.length === 1) return progressOf(state, operation);
  const usual = (name: string) => state.histories.get(name)?.usual?.seconds?.p50 ?? null;
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
  return { percent: Math.max(0, Math.min(99, done)), known, ...mark };
}
