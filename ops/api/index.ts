/**
 * The public module `liveops`: what an operation file imports.
 */
export { z } from "zod";
export { LiveOperation, type OperationClass, type StageName } from "./live-operation.js";
export { OperationCancelled } from "./operation-cancelled.js";
export type { ChainArguments, Progress, StatusLevel, TrackOptions } from "./progress.js";
export type { OperationStatics, Params, ParamsInput } from "./statics.js";
