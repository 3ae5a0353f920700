/**
 * Schemas of the replies; `routes.ts` assigns them to routes. Only the daemon loads this module.
 */
import * as z from "zod/mini";
import { type Problem, REFUSALS, type RefusalCode } from "./errors.js";
import { logLineSchema, operationSchema } from "./operation.js";
import { doc } from "./schema/doc.js";
import { typeShape } from "./schema/submit-shape.js";
import type { State } from "./state.js";
import { LOG_LEVELS } from "./system/log-level.js";

export const HOST_STATES = ["up", "unreachable", "lost", "left"] as const;

/** Typed with codes as text, because a later daemon may send others. */
export const problemSchema: z.ZodMiniType<Problem> = doc(
  z.object({
    type: z.literal("about:blank"),
    title: doc(z.string(), "the reason phrase of the status"),
    status: z.int(),
    code: z.enum(Object.keys(REFUSALS) as [RefusalCode, ...RefusalCode[]]),
    detail: doc(z.string(), "what failed, why, and the next command"),
    nearest: doc(z.optional(z.array(z.string())), "names similar to a mistyped name"),
    candidates: doc(z.optional(z.array(z.string())), "ids that begin with an ambiguous prefix"),
    circle: doc(
      z.optional(z.array(z.string())),
      "ids of operations that would wait for each other",
    ),
    secrets: doc(
      z.optional(z.array(z.string())),
      "references of secrets, such as `env:TOKEN`, that the request must have in `secrets`",
    ),
  }),
  "RFC 9457 problem details",
);

export const countsSchema = doc(
  z.object({
    queued: z.int(),
    running: z.int(),
    toAnswer: doc(
      z.int(),
      "operations that wait for an approval or for input, also inside of another one",
    ),
    succeeded: z.int(),
    failed: z.int(),
    cancelled: z.int(),
  } satisfies Record<State | "toAnswer", z.ZodMiniType>),
  "number of operations in each state, over the complete store. One inside of another operation counts with that one, and in toAnswer by itself. What waits for an answer counts as neither queued nor running",
);

export const operationPage = z.object({
  operations: z.array(operationSchema),
  next: z.nullable(z.string()),
  previous: doc(
    z.nullable(z.string()),
    "pass as before, with the other order, to list what comes before this page; null if it is empty",
  ),
  total: z.int(),
  cursor: doc(
    z.string(),
    "pass as finishedAfter to list the operations that finish after this reply",
  ),
});

export const logPage = z.object({
  lines: z.array(logLineSchema),
  next: doc(
    z.nullable(z.int()),
    "pass this number as after or before to read the next page; null at the end of the log",
  ),
  total: doc(z.int(), "number of lines in the complete log"),
});

export const operationTypeSchema = z.object({
  op: z.string(),
  title: z.string(),
  stages: doc(z.nullable(z.array(z.string())), "null if the stages depend on the parameters"),
  resumable: z.boolean(),
  failIfOdd: doc(z.boolean(), "a success with odd numbers fails"),
  timeout: doc(z.nullable(z.number()), "seconds"),
  gracePeriod: doc(z.number(), "seconds"),
  retry: z.nullable(
    z.object({
      attempts: z.int(),
      backoff: doc(z.number(), "seconds before the second attempt; doubled for each later attempt"),
    }),
  ),
  ...typeShape(),
  file: z.string(),
  params: doc(
    z.nullable(z.record(z.string(), z.unknown())),
    "JSON Schema of the input; `x-checks-more` marks a part that code of the type checks further; null: unchecked",
  ),
});

export const typesReply = z.object({
  ops: z.array(operationTypeSchema),
  errors: doc(
    z.array(z.object({ file: z.string(), message: z.string() })),
    "files that do not load",
  ),
  withoutType: doc(
    z.array(z.object({ file: z.string(), message: z.string() })),
    "files that define no operation type, each with the reason",
  ),
  notLoaded: doc(
    z.array(z.object({ op: z.string(), file: z.string(), reason: z.string() })),
    "types whose file does not load; no other file of that name is used instead",
  ),
  shadowed: doc(
    z.array(z.object({ op: z.string(), file: z.string(), by: z.string() })),
    "types that are not used, because another file comes first",
  ),
});

const spreadShape = {
  p50: z.number(),
  p90: z.number(),
  curve: doc(
    z.optional(z.array(z.number())),
    "shares of the duration, from 0 to 1, after which 10, 25, 50 and 75 percent were told; absent: too few runs told a percent",
  ),
};
const spread = z.nullable(z.object(spreadShape));
const stageSpreads = z.record(z.string(), z.object({ runs: z.int(), ...spreadShape }));
const finishedRun = z.object({
  id: z.string(),
  state: z.enum(["succeeded", "failed", "cancelled"]),
  seconds: z.nullable(z.number()),
  finishedAt: z.iso.datetime(),
});
export const historyReply = z.object({
  op: z.string(),
  runs: doc(z.int(), "number of succeeded runs in the percentiles"),
  finished: doc(z.int(), "number of all finished runs in the store"),
  seconds: spread,
  stages: stageSpreads,
  byParams: doc(
    z.optional(
      z.array(
        z.object({
          params: doc(z.string(), "hash of the parameters"),
          runs: z.int(),
          seconds: spread,
          stages: stageSpreads,
        }),
      ),
    ),
    "the same for runs with equal parameters, of the 20 newest sets",
  ),
  recent: doc(z.array(finishedRun), "the newest 12 finished runs, newest first"),
  next: doc(
    z.array(z.object({ op: z.string(), title: z.string(), runs: z.int() })),
    "types that the newest 20 succeeded runs handed over to, most frequent first",
  ),
});

const expected = z.object({
  startsAt: z.nullable(z.iso.datetime()),
  endsAt: z.nullable(z.iso.datetime()),
  margin: doc(
    z.optional(z.number()),
    "seconds by which `endsAt` may be off; only of a running operation",
  ),
  runs: doc(
    z.optional(z.int()),
    "earlier runs that `endsAt` is from; absent: it is from the operation's own pace",
  ),
  late: doc(
    z.optional(z.literal(true)),
    "true: it runs longer than nine of ten earlier runs; otherwise absent",
  ),
});
export const forecastReply = doc(
  z.object({
    at: z.iso.datetime(),
    emptyAt: doc(
      z.nullable(z.iso.datetime()),
      "when the last queued operation starts that has no later start time of its own; null: there is none, or unknown",
    ),
    delayed: doc(
      z.optional(z.object({ operations: z.int(), startsAt: z.iso.datetime() })),
      "queued operations with a later start time of their own, and the first of these times; absent: there are none",
    ),
    operations: doc(
      z.record(z.string(), expected),
      "by id: running operations, and the 500 queued operations that start first; those that wait for others start after the expected ends of these",
    ),
  }),
  "expected from the pace of what runs and from the median durations of runs with the same parameters, or of the type or history key; null: unknown, since too few runs of an operation before succeeded, its runs differ too much, it is late, or the queue is paused",
);

const hostMemory = z.object({
  rss: doc(z.int(), "bytes of the daemon's process"),
  heapUsed: doc(z.int(), "bytes of its JavaScript heap"),
  free: doc(z.int(), "free bytes of the machine"),
  total: doc(z.int(), "bytes of the machine"),
});

export const hostReply = z.object({
  name: z.string(),
  state: doc(
    z.enum(HOST_STATES),
    "up; unreachable: it does not renew its lease; lost: peers took over its operations; left: it was stopped",
  ),
  since: doc(z.nullable(z.iso.datetime()), "since when it is in a state other than up; null: up"),
  session: doc(z.int(), "number of its present membership; 0 without a fleet"),
  tags: z.array(z.string()),
  slots: doc(z.int(), "operations that may run there at the same time"),
  running: z.int(),
  draining: doc(z.boolean(), "no more operations start there"),
  load: doc(z.nullable(z.number()), "load average of one minute; null: unknown"),
  memory: doc(z.nullable(hostMemory), "null: unknown"),
  version: z.string(),
  joinedAt: z.iso.datetime(),
  renewedAt: doc(z.iso.datetime(), "last sign of life"),
  skewMs: doc(
    z.nullable(z.int()),
    "ms by which its clock is ahead of the clock of the engine; null: unknown",
  ),
  types: doc(z.int(), "number of operation types that it has"),
});

export const engineState = doc(
  z.object({
    address: doc(z.string(), "address of the engine, without a password"),
    awaySince: doc(
      z.nullable(z.iso.datetime()),
      "since when the daemon that replies cannot reach the engine; null: it can",
    ),
    synchronous: doc(
      z.nullable(z.boolean()),
      "whether a synchronous replica confirms each write; without one, a failover can lose writes; null: unknown",
    ),
    problems: doc(
      z.array(z.string()),
      "for a person, such as a missing replica; not that the engine is away",
    ),
  }),
  "the engine that several hosts share, as the daemon that replies sees it",
);

export const hostsReply = doc(
  z.object({
    engine: doc(z.nullable(engineState), "null: the daemon runs alone"),
    hosts: doc(z.array(hostReply), "sorted by name"),
  }),
  "all hosts of the fleet; hosts is the same from every host",
);

/** The config file as the daemon has read it. */
export const configState = z.object({
  file: z.string(),
  changed: doc(z.boolean(), "the file has changed since the start of the daemon"),
});

export const daemonReply = z.object({
  version: z.string(),
  host: doc(z.string(), "name of this host in GET /v1/hosts"),
  engine: doc(z.nullable(engineState), "null: the daemon runs alone"),
  draining: doc(z.boolean(), "no more operations start on this host"),
  running: doc(z.int(), "number of operations that run on this host"),
  pid: z.int(),
  node: z.string(),
  package: doc(
    z.object({
      dir: z.string(),
      installed: doc(
        z.nullable(z.string()),
        "version that is there now; null: the package was removed",
      ),
    }),
    "directory of the package that the daemon was started from",
  ),
  startedAt: z.iso.datetime(),
  socket: z.string(),
  stateDir: z.string(),
  opsDirs: z.array(z.string()),
  config: configState,
  concurrency: z.int(),
  logLevel: doc(z.enum(LOG_LEVELS), "least severe level that the daemon logs"),
  flags: doc(
    z.object({
      ops: z.array(z.string()),
      concurrency: z.nullable(z.int()),
      logLevel: z.nullable(z.enum(LOG_LEVELS)),
      metrics: z.nullable(z.string()),
      fleet: z.object({
        url: z.nullable(z.string()),
        host: z.nullable(z.string()),
        tags: z.nullable(z.array(z.string())),
      }),
    }),
    "flags of the start; liveops restart passes them to the next daemon",
  ),
  metrics: doc(
    z.nullable(z.string()),
    "TCP address that serves GET /metrics; null: only the socket does",
  ),
  counts: countsSchema,
  workers: z.object({
    busy: z.int(),
    idle: z.int(),
    blocked: doc(
      z.nullable(z.object({ reason: z.string(), since: z.iso.datetime() })),
      "why no worker can be started; null: workers can be started",
    ),
    versions: doc(
      z.array(z.object({ version: z.string(), operations: z.int() })),
      "versions of liveops that run operations of this host, with the number of operations",
    ),
  }),
  watchers: z.int(),
  storeFull: doc(z.boolean(), "the disk is full; submits are rejected"),
  freeBytes: doc(z.int(), "free bytes on the disk of the state directory"),
  noRoom: doc(z.int(), "number of running operations that wait for disk space"),
  containment: doc(
    z.object({
      kind: z.enum(["cgroup", "process sweep"]),
      cgroup: doc(z.nullable(z.string()), "directory that holds the cgroup of each worker"),
      reason: doc(z.nullable(z.string()), "why workers have no cgroups; null: they have"),
    }),
    "how the daemon finds and kills the processes of an operation",
  ),
  memory: z.object({
    rss: doc(z.nullable(z.int()), "null: the system does not say"),
    heapUsed: z.int(),
  }),
  copyOf: doc(
    z.nullable(
      z.object({
        of: doc(z.string(), "path of the original"),
        since: doc(z.iso.datetime(), "first start on the copy"),
        held: doc(z.int(), "number of queued operations that are held"),
      }),
    ),
    "the state directory is a copy whose queued operations are held; null: it is not",
  ),
  problems: doc(
    z.array(z.string()),
    "files that were put aside or could not be read, at the start or later",
  ),
});

export const queueReply = z.object({
  name: z.string(),
  concurrency: doc(z.int(), "operations of the queue that may run at the same time"),
  pausedSince: doc(
    z.nullable(z.iso.datetime()),
    "since when no operation of the queue starts; null: the queue is not paused",
  ),
  configured: doc(z.boolean(), "whether the config file defines the queue"),
  queued: z.int(),
  running: z.int(),
  toAnswer: doc(z.int(), "operations that wait for an answer: neither queued nor running"),
});

export const queuesReply = doc(
  z.object({ queues: z.array(queueReply) }),
  "all queues, the default queue first",
);

export const missingReply = z.object({
  kind: doc(
    z.enum(["late", "unsuccessful", "missed"]),
    "late: the last run has not started within its time; unsuccessful: no success in three runs; missed: runs were due while no daemon ran or the machine slept. A client takes a kind that it does not know for missed",
  ),
  text: doc(z.string(), "what happened, and what catch-up did"),
  since: z.iso.datetime(),
});

export const scheduleReply = z.object({
  name: z.string(),
  cron: z.string(),
  zone: doc(z.string(), "time zone of the expression"),
  catchup: z.enum(["none", "last"]),
  operation: doc(
    z.looseObject({ op: z.string() }),
    "what each run submits: the body of a submit without the environment",
  ),
  file: doc(
    z.nullable(z.string()),
    "pipeline file that each run reads; null: none, or the text is in operation",
  ),
  env: doc(z.array(z.string()), "names of the environment variables of each run, sorted"),
  createdAt: z.iso.datetime(),
  nextAt: doc(z.nullable(z.iso.datetime()), "time of the next run; null: no time is left"),
  lastDueAt: doc(
    z.iso.datetime(),
    "time of the last run, whether it was submitted or not; at first that of the creation",
  ),
  lastOperation: doc(z.nullable(z.string()), "id of the last operation"),
  missed: doc(z.int(), "runs that were due while no daemon ran, and were not made up for"),
  lastProblem: doc(z.nullable(z.string()), "why the last run submitted nothing; null: it did"),
  lastSuccessAt: doc(
    z.nullable(z.iso.datetime()),
    "end of the last run that succeeded with its chain; null: none is known",
  ),
  missing: doc(z.nullable(missingReply), "the worst that is wrong with its runs; null: nothing"),
  rebootProblem: doc(
    z.nullable(z.string()),
    "why the runs stop at a reboot, and the command for it; null: they go on",
  ),
});

export const schedulesReply = z.object({ schedules: z.array(scheduleReply) });

export const shellReply = z.object({
  id: z.string(),
  env: doc(
    z.record(z.string(), z.string()),
    "variables of an attempt, before a stage adds its own",
  ),
  secrets: doc(
    z.record(z.string(), z.string()),
    "values of secret parameters that the daemon has in memory, by their reference",
  ),
  source: doc(
    z.nullable(
      z.object({
        path: z.nullable(z.string()),
        text: z.string(),
        files: doc(
          z.optional(z.record(z.string(), z.string())),
          "texts of the files that it names, by absolute path; absent: it names none",
        ),
      }),
    ),
    "pipeline file that defines the type, as it runs; null: none",
  ),
  outputs: doc(
    z.array(
      z.object({
        stage: z.string(),
        outputs: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
      }),
    ),
    "outputs of the stages of a pipeline that are done",
  ),
});

export const inputReply = z.object({
  size: doc(z.object({ columns: z.int(), rows: z.int() }), "size of the terminal, in characters"),
});

export const stopReply = z.object({
  running: doc(z.int(), "number of operations that continue while the daemon is stopped"),
  cancelled: z.int(),
});

export type OperationPage = z.infer<typeof operationPage>;
export type ShellReply = z.infer<typeof shellReply>;
export type LogPage = z.infer<typeof logPage>;
export type OperationType = z.infer<typeof operationTypeSchema>;
export type TypesReply = z.infer<typeof typesReply>;
export type HistoryReply = z.infer<typeof historyReply>;
export type ForecastReply = z.infer<typeof forecastReply>;
export type DaemonReply = z.infer<typeof daemonReply>;
export type HostReply = z.infer<typeof hostReply>;
export type EngineState = z.infer<typeof engineState>;
export type HostsReply = z.infer<typeof hostsReply>;
export type QueueReply = z.infer<typeof queueReply>;
export type QueuesReply = z.infer<typeof queuesReply>;
export type MissingReply = z.infer<typeof missingReply>;
export type ScheduleReply = z.infer<typeof scheduleReply>;
export type InputReply = z.infer<typeof inputReply>;
export type ConfigState = z.infer<typeof configState>;
export type StopReply = z.infer<typeof stopReply>;
