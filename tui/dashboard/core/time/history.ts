/** How long earlier runs took, by type and history key, and which histories the screen needs. */

import { historyName, parseHistoryName } from "../../../../protocol/estimate/likeness.js";
import { paramsKey, type Usual, usualIn } from "../../../../protocol/estimate/usual.js";
import type { Operation } from "../../../../protocol/operation.js";
import { formatDuration } from "../../../terminal/format.js";
import { chainOf, operationOf, selectedOperation } from "../chain.js";
import { listLayout } from "../layout/layout.js";
import type { State } from "../model.js";
import type { History } from "../operation/slice.js";
import { perObject } from "../per-object.js";

/** Milliseconds for which a history is good whatever happens. */
const GOOD_FOR = 30_000;
/** Milliseconds for which a history of few runs is: each run changes it much. */
const FEW_GOOD_FOR = 2000;
const FEW_RUNS = 20;

/** What earlier runs of this type with the same history key tell; null: nothing is known. */
export function usualOf(state: State, operation: Operation): Usual | null {
  return usualBy(state.operation.histories.get(historyName(operation)), paramsKey(operation));
}

/** Part of the usual time, and seconds, by which a run may differ and is as usual. */
const ALIKE_PART = 0.2;
const ALIKE_SECONDS = 2;

/**
 * `as usual`, or the usual time: how long these successes took together beside other runs; empty:
 * there are none.
 */
export function comparedWithUsual(state: State, links: readonly Operation[], took: number): string {
  let usual = 0;
  for (const link of links) {
    const { runs = 0, seconds = null } = usualOf(state, link) ?? {};
    const { recent = [] } = state.operation.histories.get(historyName(link)) ?? {};
    // The only run that is known may be the run itself.
    if (seconds === null || (runs === 1 && recent.some(({ id }) => id === link.id))) return "";
    usual += seconds.p50;
  }
  const isAlike = Math.abs(took - usual) <= Math.max(ALIKE_SECONDS, usual * ALIKE_PART);
  return isAlike ? "as usual" : `usually ${formatDuration(usual)}`;
}

export function usualNamed(state: State, name: string): Usual | null {
  return usualBy(state.operation.histories.get(name), null);
}

/** Every row asks at every drawing. */
const knownUsual = perObject((_history: History) => new Map<string | null, Usual | null>());

function usualBy(history: History | undefined, params: string | null): Usual | null {
  if (history === undefined) return null;
  const known = knownUsual(history);
  const usual = known.get(params) ?? usualIn(history, params);
  known.set(params, usual);
  return usual;
}

/** The name of a history to fetch, and the count whose change fetches it again; null: none. */
export function wantedHistory(state: State): { name: string; succeeded: number } | null {
  const { succeeded } = state.view.counts;
  for (const name of shownHistories(state)) {
    const history = state.operation.histories.get(name);
    if (history === undefined) return { name, succeeded };
    const goodFor = history.runs < FEW_RUNS ? FEW_GOOD_FOR : GOOD_FOR;
    if (history.succeeded !== succeeded && state.now - history.at > goodFor)
      return { name, succeeded };
  }
  return null;
}

function shownHistories(state: State): Set<string> {
  const names = new Set<string>();
  const selected = selectedOperation(state);
  if (selected !== null) {
    for (const link of chainOf(state, selected)) names.add(historyName(link));
    for (const name of usualSuccessors(state, chainOf(state, selected).at(-1)!)) names.add(name);
  }
  for (const id of listLayout(state).rows) {
    const operation = operationOf(state, id);
    if (operation?.state !== "running") continue;
    names.add(historyName(operation));
    for (const name of usualSuccessors(state, operation)) names.add(name);
  }
  return names;
}

/** Most links that a forecast assumes for a chain without a known end. */
const LINKS_MOST = 10;

/**
 * The histories of what earlier chains went on with after an operation like this one; empty where
 * none is known.
 */
export function usualSuccessors(state: State, operation: Operation): string[] {
  const names: string[] = [];
  let name = historyName(operation);
  while (names.length < LINKS_MOST) {
    const next = state.operation.histories.get(name)?.next[0]?.op;
    if (next === undefined || names.includes(next)) break;
    names.push(next);
    name = next;
  }
  return names;
}

/** The title of an operation that usually follows. */
export function titleNamed(state: State, name: string): string {
  const { op } = parseHistoryName(name);
  const title = [...state.operation.histories.values()]
    .flatMap(({ next }) => next)
    .find((next) => next.op === op);
  const known = [...state.view.operations.values()].find((operation) => operation.op === op);
  return title?.title ?? known?.title ?? op;
}
