/**
 * The step whose code runs now, also after an `await`: the output that code writes with `console.log` names its step,
 * although the steps of a stage share one process.
 */
import { AsyncLocalStorage } from "node:async_hooks";

/** Where a step is: in one run of a stage's block. */
export interface StepPlace {
  stage: string;
  occurrence: number;
  step: string;
}

const current = new AsyncLocalStorage<StepPlace>();

/** Calls the function as code of the step. */
export function asStep<T>(place: StepPlace, run: () => T): T {
  return current.run(place, run);
}

/** Undefined: the code is of no step. */
export function currentStep(): StepPlace | undefined {
  return current.getStore();
}
