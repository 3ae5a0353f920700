/** What the routes answer, as schemas; `routes.ts` says which route answers which. Loaded by the daemon alone. */
import * as z from "zod/mini";
import { LOG_LEVELS } from "./command/log-level.js";
import { REFUSALS, type RefusalCode } from "./errors.js";
import { limitShapes, logLineSchema, operationSchema } from "./operation.js";
import type { State } from "./state.js";

export const problemSchema = z
  .object({
    type: z.literal("about:blank"),
    title: z.string().check(z.describe("the reason phrase of the status")),
    status: z.int(),
    code: z.enum(Object.keys(REFUSALS) as [RefusalCode, ...RefusalCode[]]),
    detail: z.string().check(z.describe("what happened, the valid choices, the next command")),
    nearest: z.optional(z.array(z.string())).check(z.describe("near names, where a name was mistyped")),
    candidates: z.optional(z.array(z.string())).check(z.describe("ids that an ambiguous prefix fits")),
  })
  .check(z.describe("RFC 9457 problem details"));

export const countsSchema = z
  .object({
    queued: z.int(),
    running: z.int(),
    succeeded: z.int(),
    failed: z.int(),
    cancelled: z.int(),
  } satisfies Record<State, z.ZodMiniType>)
  .check(z.describe("how many operations are in each state, over the whole store"));

export const operationPage = z.object({
  operations: z.array(operationSchema),
  next: z.nullable(z.string()),
  total: z.int(),
});

export const logPage = z.object({
  lines: z.array(logLineSchema),
  next: z
    .nullable(z.int())
    .check(
      z.describe(
        "the number to go on from, as after or before; null at the end, whatever few lines there are",
      ),
    ),
  total: z.int().check(z.describe("lines in the whole log")),
});

export const operationTypeSchema = z.object({
  op: z.string(),
  title: z.string(),
  stages: z.nullable(z.array(z.string())).check(z.describe("null where they depend on the parameters")),
  resumable: z.boolean(),
  timeout: z.nullable(z.number()).check(z.describe("seconds")),
  gracePeriod: z.number().check(z.describe("seconds")),
  ...limitShapes,
  retry: z.nullable(
    z.object({
      attempts: z.int(),
      backoff: z
        .number()
        .check(z.describe("seconds before the second attempt, doubled for each further one")),
    }),
  ),
  file: z.string(),
  params: z
    .nullable(z.record(z.string(), z.unknown()))
    .check(z.describe("JSON Schema of the input; null: unchecked")),
});

export const typesReply = z.object({
  ops: z.array(operationTypeSchema),
  errors: z
    .array(z.object({ file: z.string(), message: z.string() }))
    .check(z.describe("files that do not load")),
  shadowed: z.array(z.object({ op: z.string(), file: z.string(), by: z.string() })),
});

const spread = z.nullable(z.object({ p50: z.number(), p90: z.number() }));
export const historyReply = z.object({
  op: z.string(),
  runs: z.int().check(z.describe("succeeded runs looked at")),
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
  logLevel: z.enum(LOG_LEVELS).check(z.describe("the least severe level that the daemon logs")),
  flags: z
    .object({
      ops: z.array(z.string()),
      concurrency: z.nullable(z.int()),
      logLevel: z.nullable(z.enum(LOG_LEVELS)),
    })
    .check(z.describe("what it was started with; liveopsd restart passes it on")),
  counts: countsSchema,
  workers: z.object({
    busy: z.int(),
    idle: z.int(),
    blocked: z
      .nullable(z.object({ reason: z.string(), since: z.iso.datetime() }))
      .check(z.describe("why no worker can be made; null: they can")),
  }),
  blockedTypes: z
    .array(z.object({ op: z.string(), reason: z.string(), since: z.iso.datetime(), operations: z.int() }))
    .check(z.describe("types that do not load, and how many queued operations wait for each")),
  watchers: z.int(),
  storeFull: z.boolean().check(z.describe("the disk is full: submits are refused")),
  freeBytes: z.int().check(z.describe("room on the disk of the state dir")),
  noRoom: z.int().check(z.describe("running operations that wait for room on the disk")),
  containment: z
    .object({
      kind: z.enum(["cgroup", "process sweep"]),
      cgroup: z.nullable(z.string()).check(z.describe("directory below which each worker has its own")),
      limits: z
        .array(z.enum(["memoryMax", "cpuMax", "pidsMax"]))
        .check(z.describe("limits that are enforced")),
      reason: z.nullable(z.string()).check(z.describe("why workers have no cgroups")),
    })
    .check(z.describe("how the processes of an operation are found and killed")),
  memory: z.object({ rss: z.int(), heapUsed: z.int() }),
  auditLost: z.int().check(z.describe("lines of the audit log that could not be written")),
  problems: z
    .array(z.string())
    .check(z.describe("what was put aside or could not be read, at the start or since")),
});

export const stopReply = z.object({
  running: z.int().check(z.describe("operations that go on without the daemon")),
  cancelled: z.int(),
});

export type OperationPage = z.infer<typeof operationPage>;
export type LogPage = z.infer<typeof logPage>;
export type OperationType = z.infer<typeof operationTypeSchema>;
export type TypesReply = z.infer<typeof typesReply>;
export type HistoryReply = z.infer<typeof historyReply>;
export type DaemonReply = z.infer<typeof daemonReply>;
export type StopReply = z.infer<typeof stopReply>;
