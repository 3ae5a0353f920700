/**
 * Schemas of the lines of the NDJSON streams: watch, events, selections, backup. The daemon writes lines without these schemas.
 * `GET /openapi.json` publishes the schemas, and the tests check each line against them.
 */
import * as z from "zod/mini";
import {
  limitShapes,
  logLineSchema,
  omittedSchema,
  operationErrorSchema,
  operationSchema,
  progressSchema,
  resourcesSchema,
  statusSchema,
} from "./operation.js";
import { countsSchema, problemSchema } from "./replies.js";
import { STAGE_ENDS } from "./stage-state.js";

const finalState = z.enum(["succeeded", "failed", "cancelled"]);
const cursor = z
  .string()
  .check(z.describe("position in the stream (opaque); pass it as since to continue there"));

export const pingLine = z
  .object({ type: z.literal("ping") })
  .check(z.describe("sent every 15 seconds: the daemon is alive"));

export const snapshotLine = z
  .object({
    type: z.literal("snapshot"),
    cursor,
    operations: z.array(operationSchema),
    counts: countsSchema,
  })
  .check(z.describe("first line of a stream without a usable cursor; replaces the client's view"));

export const resumedLine = z
  .object({ type: z.literal("resumed"), cursor })
  .check(z.describe("first line of a stream with a usable cursor; the changes since the cursor follow"));

export const operationPatch = z
  .partial(operationSchema)
  .check(z.describe("the changed keys of a record with their complete new values"));

export const changedLine = z
  .object({ type: z.literal("changed"), cursor, id: z.string(), patch: operationPatch })
  .check(z.describe("a changed operation; for a new operation, the patch is the complete record"));

export const logLines = z
  .object({
    type: z.literal("log"),
    cursor: z.optional(cursor),
    id: z.string(),
    lines: z.array(logLineSchema),
  })
  .check(z.describe("log lines of an operation, without gaps"));

export const chainedLine = z
  .object({
    type: z.literal("chained"),
    cursor,
    from: z.string(),
    to: z.string(),
    operation: operationSchema,
  })
  .check(
    z.describe(
      "the chain continues: from is the finished operation; to and operation are the next operation",
    ),
  );

export const removedLine = z
  .object({ type: z.literal("removed"), cursor, id: z.string() })
  .check(z.describe("a removed operation"));

export const countsLine = z
  .object({ type: z.literal("counts"), counts: countsSchema })
  .check(z.describe("number of operations in each state"));

export const endLine = z
  .object({ type: z.literal("end"), id: z.string(), state: finalState })
  .check(z.describe("the last operation of the chain finished; the stream closes"));

export const watchLine = z.discriminatedUnion("type", [
  snapshotLine,
  resumedLine,
  changedLine,
  logLines,
  chainedLine,
  removedLine,
  countsLine,
  pingLine,
  endLine,
]);

const source = z
  .optional(
    z.object({
      path: z.string(),
      text: z.string(),
      timeout: z.nullable(z.number()),
      gracePeriod: z.number(),
    }),
  )
  .check(z.describe("the pipeline file that defines the type, as it was then; absent for other types"));

/** The part of an operation that is known at the submit. */
export const submissionSchema = z.object({
  ...z.pick(operationSchema, {
    id: true,
    op: true,
    title: true,
    label: true,
    cwd: true,
    params: true,
    stages: true,
    chain: true,
    againOf: true,
    schedule: true,
    hooks: true,
    after: true,
    afterAny: true,
    on: true,
    tags: true,
  }).shape,
  ...z.partial(z.pick(operationSchema, { queue: true, priority: true, notBefore: true })).shape,
  limits: z.optional(z.object(limitShapes)),
  historyKey: z.optional(z.string()),
  requires: operationSchema.shape.requires,
  hosts: z
    .optional(z.literal("any"))
    .check(
      z.describe("the next operation of a chain may run on any host; absent: on the host of the one before"),
    ),
  omitted: z.optional(omittedSchema),
  source,
});

const numbered = {
  seq: z.int().check(z.describe("number of the event in its operation, from 1; 0: not numbered")),
  at: z.iso.datetime(),
  attempt: z.int(),
};

const event = <const T extends string, S extends z.core.$ZodLooseShape>(type: T, shape: S, text: string) =>
  z.object({ type: z.literal(type), ...numbered, ...shape }).check(z.describe(text));

const stageIndex = z
  .nullable(z.int())
  .check(z.describe("index into the stages of the type; null: an untracked stage"));

export const events = {
  submitted: event("operation:submitted", { operation: submissionSchema }, "the operation was submitted"),
  edited: event(
    "operation:edited",
    {
      changes: z
        .object({
          title: z.optional(z.string()),
          queue: z.optional(z.string()),
          priority: z.optional(z.int()),
          notBefore: z.optional(z.nullable(z.iso.datetime())),
          label: z.optional(z.nullable(z.string())),
          cwd: z.optional(z.string()),
          params: z.optional(z.record(z.string(), z.unknown())),
          stages: z.optional(z.array(z.string())),
          historyKey: z.optional(z.string()),
          on: operationSchema.shape.on,
          tags: operationSchema.shape.tags,
          source,
        })
        .check(z.describe("keys of the record with their new values")),
      env: z.array(z.string()).check(z.describe("names of the environment variables that changed")),
    },
    "the queued operation was edited",
  ),
  started: event(
    "attempt:started",
    {
      slot: z.optional(z.int()).check(z.describe("number of the slot of its queue, from 1")),
      host: z.optional(z.string()).check(z.describe("name of the host; absent without a fleet")),
      fence: z
        .optional(z.int())
        .check(z.describe("greater than that of every earlier start; absent without a fleet")),
    },
    "the daemon gave the attempt to a worker",
  ),
  paused: event(
    "attempt:paused",
    { n: z.int().check(z.describe("number of the pause or resume in its attempt, from 1")) },
    "the processes of the operation were stopped",
  ),
  resumed: event(
    "attempt:resumed",
    { n: z.int(), seconds: z.number().check(z.describe("length of the pause")) },
    "the processes of the operation run again",
  ),
  requeued: event(
    "attempt:requeued",
    { reason: z.string(), retryAt: z.nullable(z.iso.datetime()) },
    "the operation was queued again without a request: the worker died, or the type retries; retryAt null: at once",
  ),
  cancelRequested: event(
    "cancel:requested",
    { reason: z.enum(["cancel", "timeout"]) },
    "a stop was requested",
  ),
  retried: event(
    "operation:retried",
    { from: z.nullable(z.string()) },
    "a retry was requested; from: the stage to start from",
  ),
  finished: event(
    "operation:finished",
    {
      state: finalState,
      result: z.unknown(),
      resultText: z.optional(z.string()).check(z.describe("text of the result, for people; absent: none")),
      omitted: z.optional(omittedSchema),
      error: z.nullable(operationErrorSchema),
      next: z.nullable(z.string()).check(z.describe("id of the next operation of the chain")),
      resources: z.optional(resourcesSchema).check(z.describe("of the attempt that ended")),
    },
    "the operation finished",
  ),
  accepted: event("attempt:accepted", { pid: z.int() }, "the worker accepted the attempt"),
  stagesDeclared: event(
    "stages:declared",
    { title: z.string(), stages: z.array(z.string()) },
    "the type was edited after the submit; its current title and stages",
  ),
  stageEntered: event("stage:entered", { stage: z.string(), index: stageIndex }, "a stage began"),
  stageLeft: event(
    "stage:left",
    {
      stage: z.string(),
      index: stageIndex,
      state: z.enum(STAGE_ENDS).check(z.describe("a client takes a state that it does not know for done")),
      resumed: z.boolean().check(z.describe("the block did not run; the value is from an earlier attempt")),
      seconds: z.number().check(z.describe("duration, by the monotonic clock")),
      untrackedStage: z
        .optional(z.string())
        .check(z.describe("the untracked stage that runs now; absent: none, or a tracked stage runs inside")),
      reason: z
        .optional(z.string())
        .check(z.describe("why the block did not run: it was skipped, or an earlier attempt did it")),
      error: z.optional(operationErrorSchema).check(z.describe("the error of an allowed failure")),
    },
    "a stage ended",
  ),
  itemsFinished: event(
    "items:finished",
    { stage: z.nullable(z.string()), count: z.int() },
    "in a fleet: items of tracked loops are finished",
  ),
  progressChanged: event(
    "progress:changed",
    { percent: z.number(), progress: z.nullable(progressSchema) },
    "the progress bar changed",
  ),
  statusChanged: event("status:changed", { status: statusSchema }, "the status line changed"),
  terminalChanged: event(
    "terminal:changed",
    {
      program: z
        .nullable(z.string())
        .check(z.describe("name of the program that runs on a terminal now; null: none")),
    },
    "a program began or ended to run on a terminal",
  ),
  inputWaiting: event(
    "input:waiting",
    { prompt: z.string().check(z.describe("the unfinished line of the program; empty: none")) },
    "the program on the terminal waits for input",
  ),
  inputResumed: event("input:resumed", {}, "the program does not wait for input any more"),
  recordsDropped: event(
    "records:dropped",
    { count: z.int() },
    "progress events and log lines were lost because the disk was full",
  ),
  attemptFinished: event(
    "attempt:finished",
    {
      seconds: z.number().check(z.describe("duration of the attempt, by the monotonic clock")),
      resources: z.optional(resourcesSchema).check(z.describe("of the worker process")),
      state: finalState,
      result: z.unknown(),
      resultText: z.optional(z.string()).check(z.describe("text of the result, for people; absent: none")),
      error: z.nullable(operationErrorSchema),
      next: z.nullable(submissionSchema).check(z.describe("the next operation of the chain")),
      notLoaded: z.optional(z.literal(true)).check(z.describe("the type did not load; run was not called")),
    },
    "the attempt ended",
  ),
};

/** An event of an operation, as `GET /v1/operations/:id/events` returns it. */
export const eventSchema = z.discriminatedUnion("type", [
  events.submitted,
  events.edited,
  events.started,
  events.requeued,
  events.cancelRequested,
  events.paused,
  events.resumed,
  events.retried,
  events.finished,
  events.accepted,
  events.stagesDeclared,
  events.stageEntered,
  events.stageLeft,
  events.itemsFinished,
  events.progressChanged,
  events.statusChanged,
  events.terminalChanged,
  events.inputWaiting,
  events.inputResumed,
  events.recordsDropped,
  events.attemptFinished,
]);

export const logLineEvent = z
  .object({ type: z.literal("log:line"), ...logLineSchema.shape })
  .check(z.describe("a log line, with log=1"));

export const eventsEndLine = z
  .object({ type: z.literal("end"), state: finalState })
  .check(z.describe("last line, with follow=1: the operation finished"));

export const eventLine = z.union([eventSchema, logLineEvent, pingLine, eventsEndLine]);

export const terminalLine = z.discriminatedUnion("type", [
  z
    .object({
      type: z.literal("output"),
      data: z.string().check(z.describe("raw bytes of the program, in Base64")),
      screen: z
        .optional(z.literal(true))
        .check(z.describe("the bytes draw the present screen anew; clear the terminal first")),
    })
    .check(z.describe("output of the program; the first line draws the present screen")),
  pingLine,
  z
    .object({ type: z.literal("end") })
    .check(z.describe("last line: the program ended, or another program has the terminal now")),
]);

export const selectionLine = z.discriminatedUnion("type", [
  z.object({ type: z.literal("changed"), operation: operationSchema }).check(z.describe("its record now")),
  z
    .object({ type: z.literal("refused"), id: z.string(), problem: problemSchema })
    .check(z.describe("the operation is as it was")),
  z.object({ type: z.literal("end") }).check(z.describe("last line")),
]);

export const backupLine = z.discriminatedUnion("type", [
  z.object({ type: z.literal("progress"), files: z.int(), bytes: z.int() }),
  z.object({
    type: z.literal("done"),
    dir: z.string(),
    at: z.iso.datetime().check(z.describe("time of the state in the backup")),
    files: z.int(),
    bytes: z.int(),
  }),
  z.object({ type: z.literal("failed"), problem: problemSchema }),
]);
