/**
 * The part of the reducer for steps. A record lists a bounded number of them, and counts all: an
 * operation of 10,000 steps must not make its record, and each change of it in a watch stream,
 * large.
 */
import type { OperationEvent } from "./event.js";
import { MAX_LISTED_STEPS, MAX_STEP_TEXT } from "./limits.js";
import { getOwn } from "./objects.js";
import type { Operation, Step, StepCounts } from "./operation.js";
import { isUnrun, knownStepState, type StepEnd } from "./stage-state.js";
import { firstLine } from "./text/first-line.js";

/** Returns the map with one entry added or replaced: the state, times or steps of a stage. */
export type Put = <V>(map: Record<string, V>, key: string, value: V) => Record<string, V>;

type EventOf<T extends OperationEvent["type"]> = Extract<OperationEvent, { type: T }>;
type Steps = Required<Pick<Operation, "steps" | "stepCounts">>;

/** What a record without steps has, as the copy of an outline. */
const NONE: Steps = { steps: {}, stepCounts: {} };

/** The steps of the stage, whatever its name is. */
const listOf = ({ steps = {} }: Partial<Steps>, stage: string): readonly Step[] =>
  getOwn(steps, stage) ?? [];
const countsOf = ({ stepCounts = {} }: Partial<Steps>, stage: string): StepCounts =>
  getOwn(stepCounts, stage) ?? { total: 0 };

export function enterStep(
  put: Put,
  record: Operation,
  event: EventOf<"step:entered">,
): Partial<Steps> {
  const { stage, at, step: name, total } = event;
  const before = listOf(record, stage).filter((each) => each.name !== name);
  const step: Step = {
    name,
    state: "active",
    percent: 0,
    progress: null,
    status: null,
    startedAt: at,
    finishedAt: null,
    seconds: null,
    resumed: false,
    exitCode: null,
    reason: null,
  };
  const { steps = NONE.steps, stepCounts = NONE.stepCounts } = record;
  return {
    steps: bounded(put, put(steps, stage, [...before, step])),
    stepCounts: put(stepCounts, stage, { ...countsOf(record, stage), total }),
  };
}

export function finishStep(
  put: Put,
  record: Operation,
  event: EventOf<"step:finished">,
): Partial<Steps> {
  const { stage, step: name, at, resumed, seconds, exitCode = null, saved } = event;
  const state = knownStepState(event.state);
  const reason = event.reason ?? event.error?.message;
  const end = {
    state,
    finishedAt: at,
    seconds,
    resumed,
    exitCode,
    ...(reason !== undefined && { reason: shortReason(reason) }),
    ...(saved !== undefined && { saved }),
  };
  return ended(put, record, stage, (step) =>
    step.name === name ? { ...step, ...end, ...(state === "done" && { percent: 100 }) } : step,
  );
}

export function shortReason(reason: string): string {
  return firstLine(reason).slice(0, MAX_STEP_TEXT);
}

/**
 * Progress, status or reason of a step of the active stage. A step that has ended keeps what it
 * has.
 */
export function reportOfStep(
  put: Put,
  record: Operation,
  name: string,
  report: Partial<Pick<Step, "percent" | "progress" | "status" | "reason">>,
): Partial<Steps> {
  const stage = record.stages[record.currentStage];
  const list = stage === undefined ? [] : listOf(record, stage);
  const at = list.findLastIndex((step) => step.name === name && step.state === "active");
  if (stage === undefined || at === -1) return {};
  return {
    steps: put(record.steps ?? NONE.steps, stage, list.with(at, { ...list[at]!, ...report })),
  };
}

/** Ends the steps that are still active: the worker died, or the stage did not wait for them. */
export function closeSteps(
  put: Put,
  record: Operation,
  stage: string,
  state: StepEnd,
  at: string,
): Partial<Steps> {
  if (!listOf(record, stage).some((step) => step.state === "active")) return {};
  return ended(put, record, stage, (step) =>
    step.state === "active" ? { ...step, state, finishedAt: at } : step,
  );
}

/** The record with the steps of a stage changed, and those counted that end by that. */
function ended(
  put: Put,
  record: Operation,
  stage: string,
  change: (step: Step) => Step,
): Partial<Steps> {
  const { steps = NONE.steps, stepCounts = NONE.stepCounts } = record;
  const counts = { ...countsOf(record, stage) };
  const list = listOf(record, stage).map((step) => {
    if (step.state !== "active") return step;
    const after = change(step);
    if (after.state !== "active") counts[after.state] = (counts[after.state] ?? 0) + 1;
    return after;
  });
  return { steps: put(steps, stage, list), stepCounts: put(stepCounts, stage, counts) };
}

/**
 * At most `MAX_LISTED_STEPS`: the oldest one that went well leaves, else the oldest that has ended.
 */
function bounded(put: Put, steps: Steps["steps"]): Steps["steps"] {
  const lists = Object.entries(steps);
  if (lists.reduce((sum, [, list]) => sum + list.length, 0) <= MAX_LISTED_STEPS) return steps;
  for (const leaves of [wentWell, hasEnded])
    for (const [stage, list] of lists) {
      const at = list.findIndex(leaves);
      if (at !== -1) return put(steps, stage, list.toSpliced(at, 1));
    }
  return steps;
}

const wentWell = ({ state }: Step) => state === "done" || isUnrun(state);
const hasEnded = ({ state }: Step) => state !== "active";

/** For a new attempt. A record that never had steps does not get the keys. */
export function withoutSteps(record: Operation): Partial<Steps> {
  return record.steps === undefined ? {} : NONE;
}

/**
 * A stage that begins has no steps yet, although it may have had some in an earlier run of its
 * block.
 */
export function withoutStepsOf(put: Put, record: Operation, stage: string): Partial<Steps> {
  if (record.steps === undefined || !Object.hasOwn(record.steps, stage)) return {};
  return {
    steps: put(record.steps, stage, []),
    stepCounts: put(record.stepCounts ?? NONE.stepCounts, stage, { total: 0 }),
  };
}
