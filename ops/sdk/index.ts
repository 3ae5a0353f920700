/**
 * The public module `liveops`: what an operation file imports.
 */
export { z } from "zod";
// Features add statics to types.
export type {} from "../features.js";
export { ExecError, type ExecOptions, type ExecResult } from "./exec.js";
export type {
  ApproveOptions,
  ChainArguments,
  EachOptions,
  OperationArguments,
  OperationOptions,
  Progress,
  StageOptions,
  StatusLevel,
  StepProgress,
  StepsOptions,
  TrackOptions,
} from "./live-operation.js";
export {
  LiveOperation,
  OperationCancelled,
  type OperationClass,
  type StageName,
  StepsError,
} from "./live-operation.js";
export type { OperationStatics, Params, ParamsInput } from "./statics.js";
