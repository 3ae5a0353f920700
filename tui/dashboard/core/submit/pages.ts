/** The pages that stand over list and operation: the types, a form, a retry. */

import { getOwn } from "../../../../protocol/objects.js";
import type { Operation } from "../../../../protocol/operation.js";
import type { OperationType } from "../../../../protocol/replies.js";
import { knownStageState } from "../../../../protocol/stage-state.js";
import { type Form, openForm, withLine } from "../../form/form.js";
import { EMPTY_LINE } from "../../text/line-edit.js";
import { operationOf } from "../chain.js";
import { patched, type State } from "../model.js";

export const knownTypes = ({ submit: { types } }: State): readonly OperationType[] =>
  types?.ops ?? [];

export function formPage(state: State, type: OperationType): State {
  return showForm(state, openForm(type, state.submit.drafts.get(type.op)));
}

export function showForm(state: State, form: Form): State {
  const line = form.fields[form.at]?.line ?? EMPTY_LINE;
  return { ...state, page: { kind: "form", form }, entry: { kind: "field", line } };
}

/** The form that is open, changed. */
export function changeForm(state: State, next: (form: Form) => Form): State {
  return state.page?.kind === "form" ? showForm(state, next(state.page.form)) : state;
}

export const typedInForm = (state: State): State =>
  changeForm(state, (form) => withLine(form, state.entry?.line ?? EMPTY_LINE));

/** After a submit there is no draft of it any more. */
export function withoutDraft(state: State, op: string): State {
  if (!state.submit.drafts.has(op)) return state;
  const drafts = new Map(state.submit.drafts);
  drafts.delete(op);
  return patched(state, "submit", { drafts });
}

export interface RetryChoice {
  /** Undefined: the stored values are kept. */
  readonly from: string | undefined;
  /** Stages and steps whose stored values are reused, and the stage that runs first. */
  readonly kept: readonly string[];
  readonly first: string | null;
  /**
   * The pipeline file whose present text runs; undefined: the text of the submit, or no pipeline.
   */
  readonly current?: string;
}

/** The file of a pipeline; null: no pipeline, or one without a file. */
function pipelineFile(state: State, operation: Operation): string | null {
  const { op, params } = operation;
  if (op === "pipeline") return typeof params.path === "string" ? params.path : null;
  const file = state.submit.types?.ops.find((type) => type.op === op)?.file ?? "";
  return /\.ya?ml$/i.test(file) ? file : null;
}

/** The stages from which the operation can be retried. */
export function openRetry(state: State, id: string | null): State {
  return id === null ? state : { ...state, question: null, page: { kind: "retry", id, at: 0 } };
}

/** Whether its type keeps the values of stages; null while that is not known. */
export function isResumable(state: State, operation: Operation): boolean | null {
  const type = state.submit.types?.ops.find(({ op }) => op === operation.op);
  return type?.resumable ?? (state.submit.types === null ? null : false);
}

/** As it is, and from each stage that has a value to discard. */
export function retryChoices(state: State, id: string): RetryChoice[] {
  const operation = operationOf(state, id);
  if (operation === null) return [];
  const { stages, stageStates } = operation;
  if (isResumable(state, operation) !== true)
    return [{ from: undefined, kept: [], first: stages[0] ?? null }];
  const stateOf = (stage: string) => {
    const state = getOwn(stageStates, stage);
    return state === undefined ? "pending" : knownStageState(state);
  };
  const done = stages.filter((stage) => stateOf(stage) === "done");
  // An allowed failure runs again.
  const next =
    stages.find((stage) => !["done", "skipped", "up-to-date"].includes(stateOf(stage))) ?? null;
  const file = pipelineFile(state, operation);
  const steps = next === null ? null : doneSteps(operation, next);
  const kept = steps === null ? done : [...done, steps];
  // What is up to date runs where a person names it.
  const named = stages.filter(
    (stage) =>
      ["done", "up-to-date"].includes(stateOf(stage)) || (stage === next && steps !== null),
  );
  return [
    { from: undefined, kept, first: next },
    ...(file === null ? [] : [{ from: undefined, kept, first: next, current: file }]),
    ...named.toReversed().map((from) => ({
      from,
      kept: done.filter((stage) => stages.indexOf(stage) < stages.indexOf(from)),
      first: from,
    })),
  ];
}

/** `2 of 3 steps of Check`; null: none is done. */
function doneSteps({ stepCounts = {} }: Operation, stage: string): string | null {
  const { total = 0, done = 0 } = getOwn(stepCounts, stage) ?? {};
  return done === 0 ? null : `${done} of ${total} steps of ${stage}`;
}

export const closePage = (state: State): State => ({ ...state, page: null });

/** The types are asked for again: they may have changed. */
export function askTypes(state: State): State {
  return patched(state, "submit", { typesWanted: true });
}
