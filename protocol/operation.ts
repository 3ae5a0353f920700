/**
 * The record of an operation: what the store keeps, the routes answer and every screen shows.
 *
 * The schema is the one source; the type is inferred from it. Times are ISO 8601 in UTC, durations seconds.
 */
import * as z from "zod/mini";
import { CAUSES, type Cause } from "./errors.js";
import { LIMIT_BOUNDS, type LimitName } from "./resource-limits.js";
import { STATES } from "./state.js";

const time = z.iso.datetime();

export const operationErrorSchema = z.object({
  code: z.string().check(z.describe("stable code, LIVEOPS_… where liveops itself decided")),
  message: z.string(),
  stack: z.nullable(z.string()),
  cause: z
    .optional(z.enum(Object.keys(CAUSES) as [Cause, ...Cause[]]))
    .check(z.describe("which death, or which error that nobody could catch; absent otherwise")),
});

export const progressSchema = z.object({
  done: z.number(),
  total: z.nullable(z.number()).check(z.describe("null: unknown, an indeterminate bar")),
  unit: z.nullable(z.string()),
  label: z.nullable(z.string()),
  rate: z.nullable(z.number()).check(z.describe("units a second, smoothed")),
  etaSeconds: z.nullable(z.number()),
});

export const statusSchema = z.object({
  text: z.string(),
  level: z.enum(["info", "success", "warning", "error"]),
});

export const stageStateSchema = z.enum(["active", "done", "failed", "cancelled"]);

export const stageTimesSchema = z.object({
  startedAt: time,
  finishedAt: z.nullable(time),
  resumed: z.boolean().check(z.describe("its value came from an earlier attempt; the block did not run")),
  seconds: z.nullable(z.number()).check(z.describe("how long it took, by the monotonic clock")),
});

export const chainSchema = z.object({
  id: z.string().check(z.describe("the id of the chain's first operation")),
  index: z.int().check(z.describe("0 for the first")),
  previous: z.nullable(z.string()),
  next: z.nullable(z.string()),
});

/** Bytes of JSON of each value that a record leaves out. */
export const omittedSchema = z.object({ params: z.optional(z.int()), result: z.optional(z.int()) });
export type Omitted = z.infer<typeof omittedSchema>;

/** Limits of an operation as keys of a body, a type and a record; an absent one is no limit. */
export const limitShapes = {
  memoryMax: limitShape("memoryMax", "all processes of the operation together"),
  cpuMax: limitShape("cpuMax", "all processes of the operation together"),
  pidsMax: limitShape("pidsMax", "at a time"),
};

function limitShape(name: LimitName, text: string) {
  const { min, max, whole, unit } = LIMIT_BOUNDS[name];
  const number = z.number().check(z.gte(min), z.lte(max), z.describe(`${unit}, ${text}`));
  return z.optional(whole ? number.check(z.int()) : number);
}

export const operationSchema = z.object({
  id: z.string().check(z.describe("12 of 0-9a-z, the first a letter")),
  op: z.string().check(z.describe("the operation type's name")),
  title: z.string(),
  label: z.nullable(z.string()),
  cwd: z.string(),
  params: z.record(z.string(), z.unknown()).check(z.describe("the accepted input, before defaults")),
  state: z.enum(STATES),
  stages: z.array(z.string()),
  currentStage: z.int().check(z.describe("index into stages; -1 before the first")),
  stageStates: z.record(z.string(), stageStateSchema).check(z.describe("by name; absent means pending")),
  stageTimes: z.record(z.string(), stageTimesSchema),
  percent: z.number().check(z.gte(0), z.lte(100)),
  progress: z.nullable(progressSchema),
  status: z.nullable(statusSchema),
  result: z.nullable(z.unknown()),
  omitted: z
    .nullable(omittedSchema)
    .check(
      z.describe(
        "large values that are left out of lists and streams, with their size in bytes; GET /v1/operations/:id has them",
      ),
    ),
  error: z.nullable(operationErrorSchema),
  attempt: z.int().check(z.describe("0 until the first start")),
  retryAt: z.nullable(time).check(z.describe("queued again after a failure, started no earlier than this")),
  stalledSince: z.nullable(time).check(z.describe("its worker is stopped (SIGSTOP) and does nothing")),
  noRoomSince: z
    .nullable(time)
    .check(z.describe("the disk is full: its next stage or its outcome waits for room, and it with them")),
  blocked: z
    .nullable(z.object({ reason: z.string(), since: time }))
    .check(z.describe("queued, and cannot start: its type does not load, or no worker can be made")),
  seconds: z.nullable(z.number()).check(z.describe("how long the last attempt ran, by the monotonic clock")),
  cancelRequested: z.boolean(),
  finishedSuccessfully: z.boolean(),
  queuePosition: z.nullable(z.int()).check(z.describe("1 is next; null when not queued")),
  chain: chainSchema,
  limits: z
    .optional(z.object(limitShapes))
    .check(z.describe("what the submit gave; its type may declare others; absent: none given")),
  createdAt: time,
  updatedAt: time,
  startedAt: z.nullable(time),
  finishedAt: z.nullable(time),
  logLines: z.int().check(z.describe("lines logged so far, over all attempts")),
  seq: z.int().check(z.describe("number of the last fact in this record")),
});

export type Operation = z.infer<typeof operationSchema>;
export type OperationError = z.infer<typeof operationErrorSchema>;
export type ProgressState = z.infer<typeof progressSchema>;
export type Status = z.infer<typeof statusSchema>;
export type StatusLevel = Status["level"];
export type StageState = z.infer<typeof stageStateSchema>;
export type StageTimes = z.infer<typeof stageTimesSchema>;
/** Why a queued operation cannot start, and since when. */
export type Blocked = NonNullable<Operation["blocked"]>;
export type Chain = z.infer<typeof chainSchema>;

/** One line of an operation's log. */
export const logLineSchema = z.object({
  n: z.int().check(z.describe("from 1, over all attempts, none missing")),
  seq: z.int().check(z.describe("its place among the facts")),
  at: time,
  attempt: z.int(),
  stage: z.nullable(z.string()),
  stream: z
    .enum(["log", "stdout", "stderr", "liveops"])
    .check(z.describe("log: p.log; stdout, stderr: the process; liveops: a note of ours")),
  text: z.string(),
});

export type LogLine = z.infer<typeof logLineSchema>;
export type LogStream = LogLine["stream"];
