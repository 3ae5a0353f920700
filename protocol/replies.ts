/** What the routes answer, as schemas; `routes.ts` says which route answers which. Loaded by the daemon alone. */
import { z } from "zod";
import { logLineSchema, operationSchema } from "./operation.js";
import { STATES } from "./state.js";

export const operationPage = z.object({
  operations: z.array(operationSchema),
  next: z.string().nullable(),
  total: z.int(),
});

export const logPage = z.object({
  lines: z.array(logLineSchema),
  next: z
    .int()
    .nullable()
    .describe("the number to go on from, as after or before; null at the end, whatever few lines there are"),
  total: z.int().describe("lines in the whole log"),
});

export const operationTypeSchema = z.object({
  op: z.string(),
  title: z.string(),
  stages: z.array(z.string()).nullable().describe("null where they depend on the parameters"),
  resumable: z.boolean(),
  timeout: z.number().nullable().describe("seconds"),
  gracePeriod: z.number().describe("seconds"),
  retry: z
    .object({
      attempts: z.int(),
      backoff: z.number().describe("seconds before the second attempt, doubled for each further one"),
    })
    .nullable(),
  file: z.string(),
  params: z.record(z.string(), z.unknown()).nullable().describe("JSON Schema of the input; null: unchecked"),
});

export const typesReply = z.object({
  ops: z.array(operationTypeSchema),
  errors: z.array(z.object({ file: z.string(), message: z.string() })).describe("files that do not load"),
  shadowed: z.array(z.object({ op: z.string(), file: z.string(), by: z.string() })),
});

const spread = z.object({ p50: z.number(), p90: z.number() }).nullable();
export const historyReply = z.object({
  op: z.string(),
  runs: z.int().describe("succeeded runs looked at"),
  seconds: spread,
  stages: z.record(z.string(), z.object({ runs: z.int(), p50: z.number(), p90: z.number() })),
});

export const daemonReply = z.object({
  version: z.string(),
  pid: z.int(),
  node: z.string(),
  startedAt: z.iso.datetime(),
  socket: z.string(),
  stateDir: z.string(),
  opsDirs: z.array(z.string()),
  concurrency: z.int(),
  flags: z
    .object({ ops: z.array(z.string()), concurrency: z.int().nullable() })
    .describe("what it was started with; liveopsd restart passes it on"),
  counts: z.record(z.enum(STATES), z.int()),
  workers: z.object({ busy: z.int(), idle: z.int() }),
  watchers: z.int(),
  storeFull: z.boolean().describe("the disk is full: submits are refused"),
  freeBytes: z.int().describe("room on the disk of the state dir"),
  noRoom: z.int().describe("running operations that wait for room on the disk"),
  memory: z.object({ rss: z.int(), heapUsed: z.int() }),
  problems: z.array(z.string()).describe("what was quarantined or could not be read at the start"),
});

export const stopReply = z.object({
  running: z.int().describe("operations that go on without the daemon"),
  cancelled: z.int(),
});
