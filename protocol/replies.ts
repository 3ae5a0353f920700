/** Schemas of the replies; `routes.ts` assigns them to routes. Only the daemon loads this module. */
import * as z from "zod/mini";
import { type Problem, REFUSALS, type RefusalCode } from "./errors.js";
import { limitShapes, logLineSchema, operationSchema } from "./operation.js";
import type { State } from "./state.js";
import { LOG_LEVELS } from "./system/log-level.js";

export const HOST_STATES = ["up", "unreachable", "lost", "left"] as const;

/** Typed with codes as text, because a later daemon may send others. */
export const problemSchema: z.ZodMiniType<Problem> = z
  .object({
    type: z.literal("about:blank"),
    title: z.string().check(z.describe("the reason phrase of the status")),
    status: z.int(),
    code: z.enum(Object.keys(REFUSALS) as [RefusalCode, ...RefusalCode[]]),
    detail: z.string().check(z.describe("what failed, why, and the next command")),
    nearest: z.optional(z.array(z.string())).check(z.describe("names similar to a mistyped name")),
    candidates: z.optional(z.array(z.string())).check(z.describe("ids that begin with an ambiguous prefix")),
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
  .check(z.describe("number of operations in each state, over the complete store"));

export const operationPage = z.object({
  operations: z.array(operationSchema),
  next: z.nullable(z.string()),
  previous: z
    .nullable(z.string())
    .check(
      z.describe(
        "pass as before, with the other order, to list what comes before this page; null if it is empty",
      ),
    ),
  total: z.int(),
  cursor: z
    .string()
    .check(z.describe("pass as finishedAfter to list the operations that finish after this reply")),
});

export const logPage = z.object({
  lines: z.array(logLineSchema),
  next: z
    .nullable(z.int())
    .check(
      z.describe("pass this number as after or before to read the next page; null at the end of the log"),
    ),
  total: z.int().check(z.describe("number of lines in the complete log")),
});

export const operationTypeSchema = z.object({
  op: z.string(),
  title: z.string(),
  stages: z.nullable(z.array(z.string())).check(z.describe("null if the stages depend on the parameters")),
  resumable: z.boolean(),
  timeout: z.nullable(z.number()).check(z.describe("seconds")),
  gracePeriod: z.number().check(z.describe("seconds")),
  ...limitShapes,
  retry: z.nullable(
    z.object({
      attempts: z.int(),
      backoff: z
        .number()
        .check(z.describe("seconds before the second attempt; doubled for each later attempt")),
    }),
  ),
  concurrency: z
    .nullable(z.int())
    .check(z.describe("operations of the type that may run at the same time; null: no limit")),
  queue: z
    .nullable(z.string())
    .check(z.describe("queue of its operations, unless a submit names another; null: the default queue")),
  requires: z.array(z.string()).check(z.describe("tags that a host of a fleet must have to run it")),
  hosts: z
    .enum(["same", "any"])
    .check(
      z.describe("host of an operation that follows another one in a chain: the same, or any that fits"),
    ),
  partition: z
    .enum(["end", "finish"])
    .check(
      z.describe(
        "a running operation whose host is cut off from the fleet: its processes are killed, or it runs to its end",
      ),
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
  withoutType: z
    .array(z.object({ file: z.string(), message: z.string() }))
    .check(z.describe("files that define no operation type, each with the reason")),
  notLoaded: z
    .array(z.object({ op: z.string(), file: z.string(), reason: z.string() }))
    .check(z.describe("types whose file does not load; no other file of that name is used instead")),
  shadowed: z
    .array(z.object({ op: z.string(), file: z.string(), by: z.string() }))
    .check(z.describe("types that are not used, because another file comes first")),
});

const spread = z.nullable(z.object({ p50: z.number(), p90: z.number() }));
const finishedRun = z.object({
  id: z.string(),
  state: z.enum(["succeeded", "failed", "cancelled"]),
  seconds: z.nullable(z.number()),
  finishedAt: z.iso.datetime(),
});
export const historyReply = z.object({
  op: z.string(),
  runs: z.int().check(z.describe("number of succeeded runs in the percentiles")),
  finished: z.int().check(z.describe("number of all finished runs in the store")),
  seconds: spread,
  stages: z.record(z.string(), z.object({ runs: z.int(), p50: z.number(), p90: z.number() })),
  recent: z.array(finishedRun).check(z.describe("the newest 12 finished runs, newest first")),
  next: z
    .array(z.object({ op: z.string(), title: z.string(), runs: z.int() }))
    .check(z.describe("types that the newest 20 succeeded runs handed over to, most frequent first")),
});

const expected = z.object({
  startsAt: z.nullable(z.iso.datetime()),
  endsAt: z.nullable(z.iso.datetime()),
});
export const forecastReply = z
  .object({
    at: z.iso.datetime(),
    emptyAt: z
      .nullable(z.iso.datetime())
      .check(
        z.describe("when the last operation in a queue starts; null: no queue has operations, or unknown"),
      ),
    operations: z
      .record(z.string(), expected)
      .check(
        z.describe(
          "by id: running operations, and the 500 queued operations that start first; those that wait for others start after the expected ends of these",
        ),
      ),
  })
  .check(
    z.describe(
      "expected from the median durations of each type, or of each historyKey; null: unknown, since an operation before has no succeeded run, or the queue is paused",
    ),
  );

const hostMemory = z.object({
  rss: z.int().check(z.describe("bytes of the daemon's process")),
  heapUsed: z.int().check(z.describe("bytes of its JavaScript heap")),
  free: z.int().check(z.describe("free bytes of the machine")),
  total: z.int().check(z.describe("bytes of the machine")),
});

/** Totals since the host joined the fleet; each only grows. */
export const hostCounters = z
  .object({
    claimed: z.int().check(z.describe("operations that the host started")),
    finished: z.int().check(z.describe("operations that it finished, with any outcome")),
    requeued: z.int().check(z.describe("operations that it queued again")),
    fenced: z
      .int()
      .check(z.describe("finishes and pieces of logs that were refused: another host had the operation")),
    shippedBytes: z.int().check(z.describe("bytes of events and logs that it sent to the engine")),
  })
  .check(z.describe("totals since the start of the session; each only grows"));

export const hostReply = z.object({
  name: z.string(),
  state: z
    .enum(HOST_STATES)
    .check(
      z.describe(
        "up; unreachable: it does not renew its lease; lost: peers took over its operations; left: it was stopped",
      ),
    ),
  since: z
    .nullable(z.iso.datetime())
    .check(z.describe("since when it is in a state other than up; null: up")),
  session: z.int().check(z.describe("number of its present membership; 0 without a fleet")),
  tags: z.array(z.string()),
  slots: z.int().check(z.describe("operations that may run there at the same time")),
  running: z.int(),
  draining: z.boolean().check(z.describe("no more operations start there")),
  load: z.nullable(z.number()).check(z.describe("load average of one minute; null: unknown")),
  memory: z.nullable(hostMemory).check(z.describe("null: unknown")),
  version: z.string(),
  joinedAt: z.iso.datetime(),
  renewedAt: z.iso.datetime().check(z.describe("last sign of life")),
  skewMs: z
    .nullable(z.int())
    .check(z.describe("ms by which its clock is ahead of the clock of the engine; null: unknown")),
  types: z.int().check(z.describe("number of operation types that it has")),
  counters: hostCounters,
});

export const fleetState = z
  .object({
    engine: z.string().check(z.describe("address of the engine, without a password")),
    awaySince: z
      .nullable(z.iso.datetime())
      .check(z.describe("since when the daemon that replies cannot reach the engine; null: it can")),
    synchronous: z
      .nullable(z.boolean())
      .check(
        z.describe(
          "whether a synchronous replica confirms each write; without one, a failover can lose writes; null: unknown",
        ),
      ),
    problems: z
      .array(z.string())
      .check(z.describe("for a person, such as a missing replica; not that the engine is away")),
  })
  .check(z.describe("the engine of the fleet, as the daemon that replies sees it"));

export const hostsReply = z
  .object({
    fleet: z.nullable(fleetState).check(z.describe("null: the daemon runs alone")),
    hosts: z.array(hostReply).check(z.describe("sorted by name")),
  })
  .check(z.describe("all hosts of the fleet; hosts is the same from every host"));

/** The config file as the daemon has read it. */
export const configState = z.object({
  file: z.string(),
  loadedAt: z.iso.datetime().check(z.describe("when the daemon read the file, or found none")),
  changed: z.boolean().check(z.describe("the file has changed since then")),
  restart: z
    .array(z.string())
    .check(z.describe("settings whose value in the file waits for a restart of the daemon")),
  problem: z
    .nullable(z.string())
    .check(
      z.describe(
        "why the last reload changed nothing, or the next one would; null: the last one was applied",
      ),
    ),
});

export const reloadReply = z.object({
  pid: z.int(),
  config: configState,
  applied: z.array(z.string()).check(z.describe("settings that have changed and take effect now")),
});

export const daemonReply = z.object({
  version: z.string(),
  host: z.string().check(z.describe("name of this host in GET /v1/hosts")),
  fleet: z.nullable(fleetState).check(z.describe("null: the daemon runs alone")),
  draining: z.boolean().check(z.describe("no more operations start on this host")),
  running: z.int().check(z.describe("number of operations that run on this host")),
  pid: z.int(),
  node: z.string(),
  package: z
    .object({
      dir: z.string(),
      installed: z
        .nullable(z.string())
        .check(z.describe("version that is there now; null: the package was removed")),
    })
    .check(z.describe("directory of the package that the daemon was started from")),
  startedAt: z.iso.datetime(),
  socket: z.string(),
  stateDir: z.string(),
  opsDirs: z.array(z.string()),
  config: configState,
  concurrency: z.int(),
  logLevel: z.enum(LOG_LEVELS).check(z.describe("least severe level that the daemon logs")),
  flags: z
    .object({
      ops: z.array(z.string()),
      concurrency: z.nullable(z.int()),
      logLevel: z.nullable(z.enum(LOG_LEVELS)),
      metrics: z.nullable(z.string()),
      traces: z.nullable(z.string()),
      fleet: z.object({
        url: z.nullable(z.string()),
        host: z.nullable(z.string()),
        tags: z.nullable(z.array(z.string())),
      }),
    })
    .check(z.describe("flags of the start; liveopsd restart passes them to the next daemon")),
  metrics: z
    .nullable(z.string())
    .check(z.describe("TCP address that serves GET /metrics; null: only the socket does")),
  traces: z
    .nullable(
      z.object({
        url: z.string().check(z.describe("collector that gets the spans")),
        exported: z.int().check(z.describe("spans that the collector has taken")),
        dropped: z.object({
          full: z.int().check(z.describe("spans for which there was no room")),
          refused: z.int().check(z.describe("spans that the collector did not take")),
        }),
        waiting: z.int().check(z.describe("spans that are not sent yet")),
        problem: z.nullable(z.string()).check(z.describe("why the collector did not take the last spans")),
      }),
    )
    .check(z.describe("export of OpenTelemetry traces; null: no traces")),
  counts: countsSchema,
  workers: z.object({
    busy: z.int(),
    idle: z.int(),
    blocked: z
      .nullable(z.object({ reason: z.string(), since: z.iso.datetime() }))
      .check(z.describe("why no worker can be started; null: workers can be started")),
    versions: z
      .array(z.object({ version: z.string(), operations: z.int() }))
      .check(
        z.describe("versions of liveops that run operations of this host, with the number of operations"),
      ),
  }),
  blockedTypes: z
    .array(z.object({ op: z.string(), reason: z.string(), since: z.iso.datetime(), operations: z.int() }))
    .check(z.describe("types that do not load, each with the number of queued operations that wait for it")),
  watchers: z.int(),
  storeFull: z.boolean().check(z.describe("the disk is full; submits are rejected")),
  freeBytes: z.int().check(z.describe("free bytes on the disk of the state directory")),
  noRoom: z.int().check(z.describe("number of running operations that wait for disk space")),
  containment: z
    .object({
      kind: z.enum(["cgroup", "process sweep"]),
      cgroup: z.nullable(z.string()).check(z.describe("directory that holds the cgroup of each worker")),
      limits: z
        .array(z.enum(["memoryMax", "cpuMax", "pidsMax"]))
        .check(z.describe("limits that are enforced")),
      reason: z.nullable(z.string()).check(z.describe("why workers have no cgroups; null: they have")),
    })
    .check(z.describe("how the daemon finds and kills the processes of an operation")),
  memory: z.object({
    rss: z.nullable(z.int()).check(z.describe("null: the system does not say")),
    heapUsed: z.int(),
  }),
  auditLost: z.int().check(z.describe("number of lines of the audit log that could not be written")),
  copyOf: z
    .nullable(
      z.object({
        of: z.string().check(z.describe("path of the original")),
        since: z.iso.datetime().check(z.describe("first start on the copy")),
        held: z.int().check(z.describe("number of queued operations that are held")),
      }),
    )
    .check(z.describe("the state directory is a copy whose queued operations are held; null: it is not")),
  problems: z
    .array(z.string())
    .check(z.describe("files that were put aside or could not be read, at the start or later")),
});

export const queueReply = z.object({
  name: z.string(),
  concurrency: z.int().check(z.describe("operations of the queue that may run at the same time")),
  pausedSince: z
    .nullable(z.iso.datetime())
    .check(z.describe("since when no operation of the queue starts; null: the queue is not paused")),
  configured: z.boolean().check(z.describe("whether the config file defines the queue")),
  queued: z.int(),
  running: z.int(),
});

export const queuesReply = z
  .object({ queues: z.array(queueReply) })
  .check(z.describe("all queues, the default queue first"));

export const scheduleReply = z.object({
  name: z.string(),
  cron: z.string(),
  zone: z.string().check(z.describe("time zone of the expression")),
  jitter: z.number().check(z.describe("most seconds by which a run is put off")),
  overlap: z.enum(["skip", "queue", "replace"]),
  catchup: z.enum(["none", "last", "all"]),
  operation: z
    .object({ op: z.string() })
    .check(z.describe("what each run submits: the body of a submit without the environment")),
  file: z
    .nullable(z.string())
    .check(z.describe("pipeline file that each run reads; null: none, or the text is in operation")),
  env: z.array(z.string()).check(z.describe("names of the environment variables of each run, sorted")),
  createdAt: z.iso.datetime(),
  pausedSince: z.nullable(z.iso.datetime()),
  nextAt: z
    .nullable(z.iso.datetime())
    .check(z.describe("time of the next run; null: the schedule is paused, or no time is left")),
  lastDueAt: z.iso
    .datetime()
    .check(
      z.describe("time of the last run, whether it was submitted or not; at first that of the creation"),
    ),
  lastOperation: z.nullable(z.string()).check(z.describe("id of the last operation")),
  missed: z.int().check(z.describe("runs that were due while no daemon ran, and were not made up for")),
  lastProblem: z.nullable(z.string()).check(z.describe("why the last run submitted nothing; null: it did")),
});

export const schedulesReply = z.object({ schedules: z.array(scheduleReply) });

export const inputReply = z.object({
  size: z
    .object({ columns: z.int(), rows: z.int() })
    .check(z.describe("size of the terminal, in characters")),
});

export const stopReply = z.object({
  running: z.int().check(z.describe("number of operations that continue while the daemon is stopped")),
  cancelled: z.int(),
});

export type OperationPage = z.infer<typeof operationPage>;
export type LogPage = z.infer<typeof logPage>;
export type OperationType = z.infer<typeof operationTypeSchema>;
export type TypesReply = z.infer<typeof typesReply>;
export type HistoryReply = z.infer<typeof historyReply>;
export type ForecastReply = z.infer<typeof forecastReply>;
export type DaemonReply = z.infer<typeof daemonReply>;
export type HostReply = z.infer<typeof hostReply>;
export type HostCounters = z.infer<typeof hostCounters>;
export type FleetState = z.infer<typeof fleetState>;
export type HostsReply = z.infer<typeof hostsReply>;
export type QueueReply = z.infer<typeof queueReply>;
export type QueuesReply = z.infer<typeof queuesReply>;
export type ScheduleReply = z.infer<typeof scheduleReply>;
export type SchedulesReply = z.infer<typeof schedulesReply>;
export type InputReply = z.infer<typeof inputReply>;
export type ConfigState = z.infer<typeof configState>;
export type ReloadReply = z.infer<typeof reloadReply>;
export type StopReply = z.infer<typeof stopReply>;
