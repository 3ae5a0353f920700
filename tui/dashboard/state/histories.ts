/** How long earlier runs took, by operation type, and of which type the screen needs to know it. */
import type { Operation } from "../../../protocol/operation.js";
import type { HistoryReply } from "../../../protocol/replies.js";
import { panesOf } from "../screen/layout.js";
import { chainOf, operationOf, type State, selectedOperation } from "./model.js";
import { reachedBy } from "./whole.js";

export interface Spread {
  /** Seconds that half of the runs did not exceed, and nine of ten. */
  readonly p50: number;
  readonly p90: number;
}

/** What tells how long it will take: null, or absent, where too few runs tell it, or differ too much. */
export interface Usual {
  readonly seconds: Spread | null;
  readonly stages: Readonly<Record<string, Spread | undefined>>;
}

export interface History extends HistoryReply {
  /** Null where too few succeeded. */
  readonly usual: Usual | null;
  /** Succeeded operations in the store when it was asked for: with more of them it is asked for anew. */
  readonly succeeded: number;
  /** When it was asked for, in ms. */
  readonly at: number;
}

/** Milliseconds for which a history is good whatever happens. */
const GOOD_FOR = 30_000;

export function historyOf(state: State, op: string): History | null {
  return state.histories.get(op) ?? null;
}

/** What a type's runs usually take, where that can be said. */
export function usualOf(state: State, op: string): Usual | null {
  return historyOf(state, op)?.usual ?? null;
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

/** A type of which the history is wanted, with what makes it wanted anew; or null. */
export function wantedHistory(state: State): string | null {
  if (state.connection.state !== "live") return null;
  const { succeeded } = state.view.counts;
  for (const op of shownTypes(state)) {
    const held = state.histories.get(op);
    if (held === undefined) return `${op}\n${succeeded}`;
    if (held.succeeded !== succeeded && state.now - held.at > GOOD_FOR) return `${op}\n${succeeded}`;
  }
  return null;
}

function shownTypes(state: State): Set<string> {
  const types = new Set<string>();
  const selected = selectedOperation(state);
  if (selected !== null) {
    for (const link of chainOf(state, selected)) types.add(link.op);
    for (const op of usualSuccessors(state, chainOf(state, selected).at(-1)!)) types.add(op);
  }
  for (const id of state.order.slice(state.top, state.top + panesOf(state).listHeight)) {
    const operation = operationOf(state, id);
    if (operation?.state === "running") types.add(operation.op);
  }
  return types;
}

/** Links that a chain is taken to have at most, where none has come to its end yet. */
const LINKS_MOST = 10;

/**
 * The types that earlier chains went on with after an operation like this one: the newest one that succeeded tells.
 * Empty where none is known, or where it ended there.
 */
export function usualSuccessors(state: State, operation: Operation): string[] {
  const types: string[] = [];
  let op = operation.op;
  while (types.length < LINKS_MOST) {
    const next = state.successors.get(op);
    if (next === undefined || next === null || types.includes(next)) break;
    types.push(next);
    op = next;
  }
  return types;
}

/** By type, the type that its newest succeeded operation handed over to; null where it was the last link. */
export function successorsOf({
  view,
  fetched,
}: Pick<State, "view" | "fetched">): ReadonlyMap<string, string | null> {
  const newest = new Map<string, Operation>();
  const look = (operation: Operation) => {
    if (operation.state !== "succeeded") return;
    const known = newest.get(operation.op);
    if (known === undefined || known.createdAt < operation.createdAt) newest.set(operation.op, operation);
  };
  for (const operation of view.operations.values()) look(operation);
  const successors = new Map<string, string | null>();
  for (const [op, { chain }] of newest) {
    const next = chain.next === null ? null : (view.operations.get(chain.next) ?? fetched.get(chain.next));
    if (next !== undefined) successors.set(op, next === null ? null : next.op);
  }
  return successors;
}

export function addHistory(state: State, op: string, reply: HistoryReply, succeeded: number): State {
  const histories = new Map(state.histories).set(op, {
    ...reply,
    usual: usualIn(reply),
    succeeded,
    at: state.now,
  });
  const next = { ...state, histories };
  const running = [...state.view.operations.values()].filter((it) => it.op === op && it.state === "running");
  return { ...next, reached: reachedBy(next, running) };
}
