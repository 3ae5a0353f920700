/** How long earlier runs took, by type and history key, and which histories the screen needs. */
import type { Operation } from "../../../protocol/operation.js";
import type { HistoryReply } from "../../../protocol/replies.js";
import { isFinal } from "../../../protocol/state.js";
import { historyName } from "./history-name.js";
import { listLayout } from "./layout.js";
import { chainOf, type History, operationOf, type Spread, type State, selectedOperation } from "./model.js";
import { reachedBy } from "./overall-progress.js";

export type Usual = NonNullable<History["usual"]>;

/** Milliseconds for which a history is good whatever happens. */
const GOOD_FOR = 30_000;

/** What runs of this type, with the same history key, usually take, where that can be said. */
export function usualOf(state: State, operation: Operation): Usual | null {
  return usualNamed(state, historyName(operation));
}

export function usualNamed(state: State, name: string): Usual | null {
  return state.histories.get(name)?.usual ?? null;
}

/** Runs that can be compared. */
const RUNS_LEAST = 2;
/** Nine of ten runs within so many times the median: the runs of one type may do very different things. */
const ALIKE = 3;
/** Or within so many seconds of it: of what takes no time an estimate harms nobody. */
const NO_TIME = 1;

function isAlike(runs: number, { p50, p90 }: Spread): boolean {
  return runs >= RUNS_LEAST && (p90 <= p50 * ALIKE || p90 - p50 <= NO_TIME);
}

function usualIn({ runs, seconds, stages }: HistoryReply): Usual | null {
  if (runs < RUNS_LEAST) return null;
  const alike = Object.entries(stages).filter(([, spread]) => isAlike(spread.runs, spread));
  return {
    seconds: seconds !== null && isAlike(runs, seconds) ? seconds : null,
    stages: Object.fromEntries(alike),
  };
}

/** The name of a history that is wanted, with what makes it wanted anew; or null. */
export function wantedHistory(state: State): { name: string; succeeded: number } | null {
  if (state.connection.state !== "live") return null;
  const { succeeded } = state.view.counts;
  for (const name of shownHistories(state)) {
    const held = state.histories.get(name);
    if (held === undefined) return { name, succeeded };
    if (held.succeeded !== succeeded && state.now - held.at > GOOD_FOR) return { name, succeeded };
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
  for (const { id } of listLayout(state).rows) {
    const operation = operationOf(state, id);
    if (operation?.state === "running") names.add(historyName(operation));
  }
  return names;
}

/** Links that a chain is taken to have at most, where none has come to its end yet. */
const LINKS_MOST = 10;

/**
 * The histories of what earlier chains went on with after an operation like this one: the daemon tells, else the newest one.
 * Empty where none is known, or where it ended there.
 */
export function usualSuccessors(state: State, operation: Operation): string[] {
  const names: string[] = [];
  let name = historyName(operation);
  while (names.length < LINKS_MOST) {
    const next = state.histories.get(name)?.next?.[0]?.op ?? state.successors.get(name);
    if (next === undefined || next === null || names.includes(next)) break;
    names.push(next);
    name = next;
  }
  return names;
}

/** By name, the history of what its newest succeeded operation handed over to; null where it was the last link. */
export function successorsOf({
  view,
  fetched,
}: Pick<State, "view" | "fetched">): ReadonlyMap<string, string | null> {
  const newest = new Map<string, Operation>();
  const look = (operation: Operation) => {
    if (operation.state !== "succeeded") return;
    const name = historyName(operation);
    const known = newest.get(name);
    if (known === undefined || known.createdAt < operation.createdAt) newest.set(name, operation);
  };
  for (const operation of view.operations.values()) look(operation);
  const successors = new Map<string, string | null>();
  for (const [name, { chain }] of newest) {
    const next = chain.next === null ? null : (view.operations.get(chain.next) ?? fetched.get(chain.next));
    if (next !== undefined) successors.set(name, next === null ? null : historyName(next));
  }
  return successors;
}

/** Which run of its type and history key it is, of those in the store; null: not known. */
export function runNumber(state: State, operation: Operation): number | null {
  const name = historyName(operation);
  const history = state.histories.get(name);
  if (history === undefined) return null;
  const at = history.recent.findIndex(({ id }) => id === operation.id);
  if (at !== -1) return history.finished - at;
  if (isFinal(operation.state)) return null;
  let before = 0;
  for (const other of state.view.operations.values())
    if (!isFinal(other.state) && historyName(other) === name && other.createdAt < operation.createdAt)
      before++;
  return history.finished + before + 1;
}

/** Histories that are held: one a type, or one a history key, of which there may be any number. */
const HISTORIES_MOST = 500;

export function addHistory(state: State, name: string, reply: HistoryReply, succeeded: number): State {
  const histories = new Map(state.histories).set(name, {
    ...reply,
    recent: reply.recent ?? [],
    next: reply.next ?? [],
    usual: usualIn(reply),
    succeeded,
    at: state.now,
  });
  for (const oldest of histories.keys()) {
    if (histories.size <= HISTORIES_MOST) break;
    histories.delete(oldest);
  }
  const next = { ...state, histories };
  const running = [...state.view.operations.values()].filter(
    (it) => historyName(it) === name && it.state === "running",
  );
  return { ...next, reached: reachedBy(next, running) };
}
