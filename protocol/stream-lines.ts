/**
 * Schemas of the lines of the NDJSON streams: watch, events, selections, backup. The daemon writes lines without these schemas.
 * `GET /openapi.json` publishes the schemas, and the tests check each line against them.
 */
import * as z from "zod/mini";
import { eventSchema, finalState } from "./event.js";
import { logLineSchema, operationSchema } from "./operation.js";
import { countsSchema, problemSchema } from "./replies.js";

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

/** A line of an event stream: an event, a log line (with `log`) or, with `follow`, the end. */
export type EventLine = WithoutPing<z.infer<typeof eventLine>>;
export type EndLine = z.infer<typeof eventsEndLine>;
export type TerminalLine = WithoutPing<z.infer<typeof terminalLine>>;
export type SelectionLine = z.infer<typeof selectionLine>;
export type BackupLine = z.infer<typeof backupLine>;

type WithoutPing<L> = Exclude<L, z.infer<typeof pingLine>>;
