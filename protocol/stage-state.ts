/**
 * The states of a stage. Later versions may add states, so a client shows a state that it does not
 * know as `done`: the operation went on after the stage.
 */

/** All states, in their usual order. A stage that was not entered has no state. */
export const STAGE_STATES = [
  "active",
  "done",
  "up-to-date",
  "allowed-failure",
  "skipped",
  "failed",
  "cancelled",
] as const;

/**
 * - `active`: its block runs.
 * - `done`: the block returned, or its value is from an earlier attempt.
 * - `up-to-date`: what it needs and makes is as an earlier run left it, so that it did not run; the
 *   operation goes on.
 * - `allowed-failure`: the block threw, and the operation permits that; the operation goes on.
 * - `skipped`: the operation decided not to run the block; the operation goes on.
 * - `failed`: the block threw, and the error was thrown again.
 * - `cancelled`: the block stopped because of a stop request.
 */
export type StageState = (typeof STAGE_STATES)[number];

/** The states in which a stage ends. */
export const STAGE_ENDS = STAGE_STATES.filter((state) => state !== "active");
export type StageEnd = Exclude<StageState, "active">;

/** The states of a step. `ended`: it was stopped because another step of its stage failed. */
export const STEP_STATES = [...STAGE_STATES, "ended"] as const;
export type StepState = (typeof STEP_STATES)[number];

/** The states in which a step ends. */
export const STEP_ENDS = STEP_STATES.filter((state) => state !== "active");
export type StepEnd = Exclude<StepState, "active">;

/** As `knownStageState`, of a step. */
export function knownStepState(state: string): StepState {
  return STEP_STATES.find((known) => known === state) ?? "done";
}

/** The state as this version knows it: a state of a later version counts as `done`. */
export function knownStageState(state: string): StageState {
  return STAGE_STATES.find((known) => known === state) ?? "done";
}

/**
 * Whether the operation went on after the stage or step: done, up to date, an allowed failure,
 * skipped, or a state of a later version.
 */
export function isPassed(state: string | undefined): boolean {
  if (state === undefined) return false;
  const known = knownStepState(state);
  return (
    known === "done" || known === "up-to-date" || known === "allowed-failure" || known === "skipped"
  );
}

/** Whether nothing ran for the stage or step in this state: its duration is none. */
export function isUnrun(state: string | undefined): boolean {
  return state === "skipped" || state === "up-to-date";
}
