/**
 * The public module `liveops/testing`: runs an operation in a unit test, without a daemon and without waiting.
 */
/// <reference lib="esnext.disposable" preserve="true" />
export type { OperationEvent } from "../../../protocol/event.js";
export type {
  LogLine,
  LogStream,
  Operation,
  OperationError,
  ProgressState,
  Status,
} from "../../../protocol/operation.js";
export type { Clock } from "../../attempt/clock.js";
export type { ResultOf } from "../../sdk/statics.js";
export { FakeClock } from "./fake-clock.js";
export { loadPipeline } from "./load-pipeline.js";
export type { NextOperation, OperationRun, ProgressValue, StageRun } from "./operation-run.js";
export { type RunArguments, type RunOptions, runOperation, startOperation } from "./run-operation.js";
export type { CancelAt, RunningOperation } from "./running-operation.js";
