/**
 * The attempt and the step whose code runs now, also after an `await`: the output that code writes
 * with `console.log` names its step, although the steps of a stage share one process. In `liveops
 * run`, operations inside of each other share one too.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { LogStream } from "../../protocol/operation.js";
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

/**
 * Writes an output line of this process. @param link - the attempt of code whose attempt is not
 * known
 */
export function writeLine(
  link: AttemptWriter | null,
  stream: LogStream,
  text: string,
  writer: CurrentWriter | undefined,
): void {
  const attempt = writer?.attempt ?? link;
  const { stage, step } = writer?.step ?? {};
  attempt?.line(stream, stage ?? attempt.stage, text, step);
}

/** Undefined: code of no operation. */
export function currentWriter(): CurrentWriter | undefined {
  return current.getStore();
}

/** Undefined: the code is of no step. */
export function currentStep(): StepPlace | undefined {
  return current.getStore()?.step;
}
