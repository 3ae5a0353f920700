/** The page that asks from which stage a retry goes on. */
import { getOwn } from "../../../../protocol/get-own.js";
import { operationOf, type State } from "../model.js";

export interface RetryPage {
  readonly kind: "retry";
  readonly id: string;
  readonly at: number;
}

export interface RetryChoice {
  /** Undefined: the stored values are kept. */
  readonly from: string | undefined;
  /** Stages whose stored values are kept, and the one that runs first. */
  readonly kept: readonly string[];
  readonly first: string | null;
}

export function openRetry(state: State): State {
  return state.selected === null
    ? state
    : { ...state, page: { kind: "retry", id: state.selected, at: 0 }, typesWanted: true };
}

/** Whether its type keeps the values of stages; null while that is not known. */
export function isResumable(state: State, op: string): boolean | null {
  return state.types?.ops.find((type) => type.op === op)?.resumable ?? (state.types === null ? null : false);
}

/** As it is, and from each stage that has a value to forget. */
export function retryChoices(state: State, { id }: RetryPage): RetryChoice[] {
  const operation = operationOf(state, id);
  if (operation === null) return [];
  const { stages, stageStates } = operation;
  if (isResumable(state, operation.op) !== true)
    return [{ from: undefined, kept: [], first: stages[0] ?? null }];
  const done = stages.filter((stage) => getOwn(stageStates, stage) === "done");
  const next = stages.find((stage) => getOwn(stageStates, stage) !== "done") ?? null;
  return [
    { from: undefined, kept: done, first: next },
    ...done.toReversed().map((from, after) => ({
      from,
      kept: done.slice(0, done.length - 1 - after),
      first: from,
    })),
  ];
}

export function moveRetry(state: State, by: number): State {
  if (state.page?.kind !== "retry") return state;
  const last = retryChoices(state, state.page).length - 1;
  return { ...state, page: { ...state.page, at: Math.max(0, Math.min(last, state.page.at + by)) } };
}

/** What is kept is asked for at once; what forgets stored values asks first. */
export function chooseRetry(state: State): State {
  if (state.page?.kind !== "retry") return state;
  const { id, at } = state.page;
  const choice = retryChoices(state, state.page)[at];
  if (choice === undefined) return state;
  const closed = { ...state, page: null };
  return choice.from === undefined
    ? { ...closed, request: { kind: "retry", id } }
    : { ...closed, confirming: { kind: "retry", id, from: choice.from } };
}
