/**
 * Runs an operation in the process of a test, with what `liveops/testing` does not have: a clock, a
 * cancel, a retry.
 */
export { FakeClock } from "./fake-clock.js";
export type { OperationRun } from "./operation-run.js";
export { runOperation, startOperation } from "./run-operation.js";
export type { RunningOperation } from "./running-operation.js";
