/**
 * The record of an operation: what the store keeps, the routes answer and every screen shows.
 *
 * The schema is the one source; the type is inferred from it. Times are ISO 8601 in UTC, durations seconds.
 */
import { z } from "zod";
import { CAUSES, type Cause } from "./errors.js";
import { STATES } from "./state.js";

const time = z.iso.datetime();

export const operationErrorSchema = z.object({
  code: z.string().describe("stable code, LIVEOPS_… where liveops itself decided"),
  message: z.string(),
  stack: z.string().nullable(),
  cause: z
    .enum(Object.keys(CAUSES) as [Cause, ...Cause[]])
    .optional()
    .describe("which death, or which error that nobody could catch; absent otherwise"),
});

export const progressSchema = z.object({
  done: z.number(),
  total: z.number().nullable().describe("null: unknown, an indeterminate bar"),
  unit: z.string().nullable(),
  label: z.string().nullable(),
  rate: z.number().nullable().describe("units a second, smoothed"),
  etaSeconds: z.number().nullable(),
});

export const statusSchema = z.object({
  text: z.string(),
  level: z.enum(["info", "success", "warning", "error"]),
});

export const stageStateSchema = z.enum(["active", "done", "failed", "cancelled"]);

export const stageTimesSchema = z.object({
  startedAt: time,
  finishedAt: time.nullable(),
  resumed: z.boolean().describe("its value came from an earlier attempt; the block did not run"),
  seconds: z.number().nullable().describe("how long it took, by the monotonic clock"),
});

export const chainSchema = z.object({
  id: z.string().describe("the id of the chain's first operation"),
  index: z.int().describe("0 for the first"),
  previous: z.string().nullable(),
  next: z.string().nullable(),
});

export const operationSchema = z.object({
  id: z.string().describe("12 of 0-9a-z, the first a letter"),
  op: z.string().describe("the operation type's name"),
  title: z.string(),
  label: z.string().nullable(),
  cwd: z.string(),
  params: z.record(z.string(), z.unknown()).describe("the accepted input, before defaults"),
  state: z.enum(STATES),
  stages: z.array(z.string()),
  currentStage: z.int().describe("index into stages; -1 before the first"),
  stageStates: z.record(z.string(), stageStateSchema).describe("by name; absent means pending"),
  stageTimes: z.record(z.string(), stageTimesSchema),
  percent: z.number().min(0).max(100),
  progress: progressSchema.nullable(),
  status: statusSchema.nullable(),
  result: z.unknown().nullable(),
  error: operationErrorSchema.nullable(),
  attempt: z.int().describe("0 until the first start"),
  retryAt: time.nullable().describe("queued again after a failure, started no earlier than this"),
  stalledSince: time.nullable().describe("its worker is stopped (SIGSTOP) and does nothing"),
  noRoomSince: time
    .nullable()
    .describe("the disk is full: its next stage or its outcome waits for room, and it with them"),
  seconds: z.number().nullable().describe("how long the last attempt ran, by the monotonic clock"),
  cancelRequested: z.boolean(),
  finishedSuccessfully: z.boolean(),
  queuePosition: z.int().nullable().describe("1 is next; null when not queued"),
  chain: chainSchema,
  createdAt: time,
  updatedAt: time,
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
  logLines: z.int().describe("lines logged so far, over all attempts"),
  seq: z.int().describe("number of the last fact in this record"),
});

export type Operation = z.infer<typeof operationSchema>;
export type OperationError = z.infer<typeof operationErrorSchema>;
export type ProgressState = z.infer<typeof progressSchema>;
export type Status = z.infer<typeof statusSchema>;
export type StatusLevel = Status["level"];
export type StageState = z.infer<typeof stageStateSchema>;
export type StageTimes = z.infer<typeof stageTimesSchema>;
export type Chain = z.infer<typeof chainSchema>;

/** One line of an operation's log. */
export const logLineSchema = z.object({
  n: z.int().describe("from 1, over all attempts, none missing"),
  seq: z.int().describe("its place among the facts"),
  at: time,
  attempt: z.int(),
  stage: z.string().nullable(),
  stream: z
    .enum(["log", "stdout", "stderr", "liveops"])
    .describe("log: p.log; stdout, stderr: the process; liveops: a note of ours"),
  text: z.string(),
});

export type LogLine = z.infer<typeof logLineSchema>;
export type LogStream = LogLine["stream"];
