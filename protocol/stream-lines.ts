/**
 * Schemas of the lines of the NDJSON streams: watch, events, selections. The daemon writes lines
 * without these schemas. `openapi.json` publishes the schemas, and the tests check each line
 * against them.
 */
import * as z from "zod/mini";
import { eventSchema, finalState } from "./event.js";
import { logLineSchema, operationSchema } from "./operation.js";
import { countsSchema, historyReply, problemSchema } from "./replies.js";
import { doc } from "./schema/doc.js";

const moreQueued = doc(
  z.optional(z.int()),
  "queued operations that fit and that the stream has not sent; absent: none. GET /v1/operations?state=queued lists them",
);
const cursor = doc(z.string(), "position in the changes of the daemon (opaque)");

export const pingLine = doc(
  z.object({ type: z.literal("ping") }),
  "sent every 2 seconds on a watch stream, every 15 seconds on another: the daemon is alive",
);

export const snapshotLine = doc(
  z.object({
    type: z.literal("snapshot"),
    cursor,
    operations: z.array(operationSchema),
    counts: countsSchema,
    moreQueued,
  }),
  "first line of a stream; replaces the client's view. Holds what runs, the newest finished operations and the first 500 queued ones",
);

export const operationPatch = doc(
  z.partial(operationSchema),
  "the changed keys of a record with their complete new values",
);

export const changedLine = doc(
  z.object({ type: z.literal("changed"), cursor, id: z.string(), patch: operationPatch }),
  "a changed operation; for an operation that the stream has not sent, the patch is the complete record",
);

export const logLines = doc(
  z.object({ type: z.literal("log"), id: z.string(), lines: z.array(logLineSchema) }),
  "log lines of an operation, without gaps",
);

export const chainedLine = doc(
  z.object({
    type: z.literal("chained"),
    cursor,
    from: z.string(),
    to: z.string(),
    operation: operationSchema,
  }),
  "the chain continues: from is the finished operation; to and operation are the next operation",
);

export const removedLine = doc(
  z.object({ type: z.literal("removed"), cursor, id: z.string() }),
  "a removed operation",
);

export const countsLine = doc(
  z.object({ type: z.literal("counts"), counts: countsSchema, moreQueued }),
  "number of operations in each state",
);

export const historyLine = doc(
  z.object({
    type: z.literal("history"),
    key: doc(z.optional(z.string()), "history key of the runs; absent: all runs of the type"),
    ...historyReply.shape,
  }),
  "with histories=1: what earlier runs of a running operation took, as of when the operation started or the stream began; the types that usually follow in its chain come too",
);

export const movedLine = doc(
  z.object({
    type: z.literal("moved"),
    queue: doc(z.string(), "name of a queue"),
    ids: doc(
      z.array(z.string()),
      "its first operations; the `queuePosition` of the first one is 1",
    ),
  }),
  "the places in a queue, of operations that the stream has not sent too",
);

export const endLine = doc(
  z.object({ type: z.literal("end"), id: z.string(), state: finalState }),
  "the last operation of the chain finished; the stream closes",
);

export const watchLine = z.discriminatedUnion("type", [
  snapshotLine,
  changedLine,
  logLines,
  chainedLine,
  removedLine,
  countsLine,
  historyLine,
  movedLine,
  pingLine,
  endLine,
]);

export const logLineEvent = doc(
  z.object({ type: z.literal("log:line"), ...logLineSchema.shape }),
  "a log line, with log=1",
);

export const eventsEndLine = doc(
  z.object({ type: z.literal("end"), state: finalState }),
  "last line, with follow=1: the operation finished",
);

export const eventLine = z.union([eventSchema, logLineEvent, pingLine, eventsEndLine]);

export const terminalLine = z.discriminatedUnion("type", [
  doc(
    z.object({
      type: z.literal("output"),
      data: doc(z.string(), "raw bytes of the program, in Base64"),
      screen: doc(
        z.optional(z.literal(true)),
        "the bytes draw the present screen anew; clear the terminal first",
      ),
    }),
    "output of the program; the first line draws the present screen",
  ),
  pingLine,
  doc(
    z.object({ type: z.literal("end") }),
    "last line: the program ended, or another program has the terminal now",
  ),
]);

export const selectionLine = z.discriminatedUnion("type", [
  doc(z.object({ type: z.literal("changed"), operation: operationSchema }), "its record now"),
  doc(
    z.object({ type: z.literal("refused"), id: z.string(), problem: problemSchema }),
    "the operation is as it was",
  ),
  doc(z.object({ type: z.literal("end") }), "last line"),
]);

export const sessionLine = z.discriminatedUnion("type", [
  doc(z.object({ type: z.literal("open") }), "the session is open"),
  pingLine,
]);

/** A line of an event stream: an event, a log line (with `log`) or, with `follow`, the end. */
export type EventLine = WithoutPing<z.infer<typeof eventLine>>;
export type TerminalLine = WithoutPing<z.infer<typeof terminalLine>>;
export type SelectionLine = z.infer<typeof selectionLine>;

type WithoutPing<L> = Exclude<L, z.infer<typeof pingLine>>;
