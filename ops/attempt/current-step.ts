/**
 * The attempt and the step whose code runs now, also after an `await`: the output that code writes with `console.log`
 * names its step, although the steps of a stage share one process. In `liveops run`, operations inside of each other
 * share one too.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { AttemptWriter } from "./writer.js";

/** Where a step is: in one run of a stage's block. */
export interface StepPlace {
  stage: string;
  occurrence: number;
  step: string;
}

/** Who writes now. */
export interface CurrentWriter {
  /** Absent in a worker, which runs one attempt. */
  attempt?: AttemptWriter;
  /** Absent: the code is of no step. */
  step?: StepPlace;
}

const current = new AsyncLocalStorage<CurrentWriter>();

/** Calls the function as code of the step. */
export function asStep<T>(step: StepPlace, run: () => T): T {
  return current.run({ ...current.getStore(), step }, run);
}

/** Calls the function as code of the attempt, and of no step. */
export function asAttempt<T>(attempt: AttemptWriter, run: () => T): T {
  return current.run({ attempt }, run);
}

/** Undefined: code of no operation. */
export function currentWriter(): CurrentWriter | undefined {
  return current.getStore();
}

/** Undefined: the code is of no step. */
export function currentStep(): StepPlace | undefined {
  return current.getStore()?.step;
}
