/**
 * The public module `liveops/client`: submits operations to the daemon and follows them. Never
 * prints, and never ends the process.
 */
/// <reference lib="esnext.disposable" preserve="true" />
export { LiveopsError, Refusal } from "../errors.js";
export type {
  LogLine,
  LogStream,
  Operation,
  OperationError,
  ProgressState,
  Status,
} from "../operation.js";
export type { OperationPage } from "../replies.js";
export type { FinalState, State } from "../state.js";
export { ConnectionLostError, NoAnswerError, NoDaemonError } from "./errors.js";
export {
  type ConnectOptions,
  connect,
  type ListFilter,
  LiveopsClient,
  type LogFilter,
  type StreamSettings,
  type WaitSettings,
} from "./liveops-client.js";
export type {
  ParamsOf,
  RequestSettings,
  SubmissionOptions,
  SubmitArguments,
  SubmitSettings,
  SubmittableType,
} from "./submission.js";
export type { WatchFilter, WatchState } from "./watching.js";
