/**
 * The record of an operation: the store keeps it, the routes return it, every screen shows it.
 *
 * The types are inferred from the schemas. Times are ISO 8601 in UTC; durations are in seconds.
 */
import * as z from "zod/mini";
import { CAUSES, type Cause } from "./errors.js";
import { HOOKS, MAX_HOOK, type OperationHook } from "./hooks.js";
import { HOST_PATTERN, MAX_HOST, MAX_TAG, MAX_TAGS, TAG_PATTERN } from "./host-names.js";
import { LIMIT_BOUNDS, type LimitName } from "./resource-limits.js";
import { STAGE_STATES } from "./stage-state.js";
import { STATES } from "./state.js";

const time = z.iso.datetime();

export const operationErrorSchema = z.object({
  code: z.string().check(z.describe("stable code; a code of liveops begins with LIVEOPS_")),
  message: z.string(),
  stack: z.nullable(z.string()),
  causes: z
    .optional(
      z.array(
        z.object({
          depth: z
            .int()
            .check(z.describe("0: a cause of the error; 1: a cause of the last entry of depth 0; and so on")),
          message: z.string().check(z.describe("name and message")),
          stack: z.nullable(z.string()),
        }),
      ),
    )
    .check(
      z.describe(
        "the chain of `cause` and the `errors` of an AggregateError, at most 32; absent if there are none",
      ),
    ),
  cause: z
    .optional(z.enum(Object.keys(CAUSES) as [Cause, ...Cause[]]))
    .check(z.describe("how the worker died, or the kind of uncaught error; otherwise absent")),
});

export const progressSchema = z.object({
  done: z.number(),
  total: z.nullable(z.number()).check(z.describe("null: unknown (indeterminate bar)")),
  unit: z.nullable(z.string()),
  label: z.nullable(z.string()),
  rate: z.nullable(z.number()).check(z.describe("units per second, smoothed")),
  etaSeconds: z.nullable(z.number()),
  approximate: z
    .optional(z.boolean())
    .check(z.describe("the figures are an estimate of liveops, such as the position in a file; else absent")),
});

export const statusSchema = z.object({
  text: z.string(),
  level: z.enum(["info", "success", "warning", "error"]),
});

const stageStateSchema = z
  .enum(STAGE_STATES)
  .check(
    z.describe(
      "`allowed-failure`: the stage failed, and the operation permits that; `skipped`: the operation did not run it. A client takes a state that it does not know for `done`",
    ),
  );

export const stageTimesSchema = z.object({
  startedAt: time,
  finishedAt: z.nullable(time),
  resumed: z.boolean().check(z.describe("the block did not run; the value is from an earlier attempt")),
  seconds: z.nullable(z.number()).check(z.describe("duration, by the monotonic clock")),
  reason: z
    .optional(z.string())
    .check(z.describe("why the block did not run: the stage was skipped, or an earlier attempt did it")),
  error: z.optional(z.string()).check(z.describe("message of the error of an allowed failure")),
});

export const chainSchema = z.object({
  id: z.string().check(z.describe("id of the first operation of the chain")),
  index: z.int().check(z.describe("position in the chain, from 0")),
  previous: z.nullable(z.string()),
  next: z.nullable(z.string()),
});

/** Size of each value that a record leaves out, in bytes of JSON. */
export const omittedSchema = z.object({ params: z.optional(z.int()), result: z.optional(z.int()) });
export type Omitted = z.infer<typeof omittedSchema>;

/** Limits of an operation, as keys of a body, a type and a record; an absent key is no limit. */
export const limitShapes = {
  memoryMax: limitShape("memoryMax", "all processes of the operation together"),
  cpuMax: limitShape("cpuMax", "all processes of the operation together"),
  pidsMax: limitShape("pidsMax", "at the same time"),
};

function limitShape(name: LimitName, text: string) {
  const { min, max, whole, unit } = LIMIT_BOUNDS[name];
  const number = z.number().check(z.gte(min), z.lte(max), z.describe(`${unit}, ${text}`));
  return z.optional(whole ? number.check(z.int()) : number);
}

/** Totals of all processes of an attempt, and the peak of their memory. */
export const resourcesSchema = z.object({
  cpuSeconds: z.number(),
  maxRssBytes: z.int().check(z.describe("most memory at one moment, of all processes together")),
  readBytes: z.int().check(z.describe("read from storage, not from the page cache")),
  writtenBytes: z.int().check(z.describe("written to storage")),
});

/** What the processes of a running operation use at this moment. */
export const usageSchema = z.object({
  cpu: z.number().check(z.describe("cores, over the last 2 s")),
  rssBytes: z.int(),
  processes: z.int(),
});

/** The pauses of an attempt. */
export const pauseSchema = z.object({
  since: z.nullable(time),
  seconds: z.number(),
  changes: z.int(),
});

export const hostNameSchema = z
  .string()
  .check(
    z.maxLength(MAX_HOST),
    z.regex(HOST_PATTERN, "must be the name of a host: letters, digits, ., _ and -, such as build-2"),
  );

export const tagsSchema = z
  .array(
    z
      .string()
      .check(
        z.maxLength(MAX_TAG),
        z.regex(TAG_PATTERN, "must be a tag of letters, digits and . _ : = / -, such as gpu"),
      ),
  )
  .check(z.maxLength(MAX_TAGS));

const hookCommand = z.optional(z.string().check(z.minLength(1), z.maxLength(MAX_HOOK)));

/** Commands of the hooks of an operation, for `sh -c`. */
export const hooksSchema = z.strictObject({
  onSuccess: hookCommand,
  onFailure: hookCommand,
  onFinish: hookCommand,
  onStall: hookCommand,
} satisfies Record<OperationHook, z.ZodMiniType>);

export const hookFailureSchema = z.object({
  hook: z.enum(HOOKS),
  source: z.enum(["config", "submit"]).check(z.describe("where the command was set")),
  at: time,
  message: z.string(),
});

export const operationSchema = z.object({
  id: z.string().check(z.describe("12 characters of `0-9a-z`; the first is a letter")),
  op: z.string().check(z.describe("Name of the operation type")),
  title: z.string().check(z.describe("Title of the operation, at most 200 characters")),
  label: z.nullable(z.string()).check(z.describe("Label of the submit, shown in lists")),
  cwd: z.string().check(z.describe("Directory that the operation runs in")),
  params: z
    .record(z.string(), z.unknown())
    .check(z.describe("Accepted parameters, before defaults; stored as plain text")),
  state: z.enum(STATES).check(z.describe("`queued`, `running`, `succeeded`, `failed` or `cancelled`")),
  stages: z.array(z.string()).check(z.describe("Names of the stages, in order")),
  currentStage: z.int().check(z.describe("Index into `stages`; -1 before the first stage")),
  untrackedStage: z
    .nullable(z.string())
    .check(
      z.describe(
        "Name of the untracked stage that runs now, the innermost; null if none runs, or a tracked stage runs inside",
      ),
    ),
  stageStates: z
    .record(z.string(), stageStateSchema)
    .check(
      z.describe(
        "State of each stage, by name: `active`, `done`, `allowed-failure`, `skipped`, `failed` or `cancelled`; a pending stage is absent. A client takes a state that it does not know for `done`",
      ),
    ),
  stageTimes: z
    .record(z.string(), stageTimesSchema)
    .check(
      z.describe(
        "Times of each stage, by name: `startedAt`, `finishedAt`, `seconds` (by the monotonic clock) `resumed` (the value is from an earlier attempt), `reason` (why the block did not run) and `error` (message of an allowed failure)",
      ),
    ),
  percent: z
    .number()
    .check(
      z.gte(0),
      z.lte(100),
      z.describe("0 to 100, of `untrackedStage`, otherwise of the current stage; 100 after success"),
    ),
  progress: z
    .nullable(progressSchema)
    .check(
      z.describe(
        "Progress bar: `done`, `total` (null: unknown), `unit`, `label`, `rate` (units per second), `etaSeconds` (null: unknown), `approximate` (true: an estimate of liveops; otherwise absent)",
      ),
    ),
  status: z.nullable(statusSchema).check(z.describe("Status line: `text` and `level`")),
  pid: z
    .nullable(z.int())
    .check(
      z.describe(
        "Process id of the worker that runs the operation, on its host; null: no worker runs the operation, or has begun to",
      ),
    ),
  terminal: z
    .nullable(z.string())
    .check(
      z.describe(
        "Name of the program that runs on a terminal now (`tty`), to which people can attach; null: none",
      ),
    ),
  waitingForInput: z
    .nullable(z.object({ prompt: z.string(), since: time }))
    .check(
      z.describe(
        "The program on the terminal waits for input: `prompt` (its unfinished line; empty: none) and `since`; null: it does not",
      ),
    ),
  result: z.unknown().check(z.describe("Value passed to `p.result`; null: none")),
  resultText: z
    .nullable(z.string())
    .check(z.describe("Text of the result for people, from `static resultText` of the type; null: none")),
  omitted: z
    .nullable(omittedSchema)
    .check(
      z.describe(
        "Sizes in bytes of `params` and `result` over 16 KiB, which lists and streams leave out; `GET /v1/operations/:id` returns them",
      ),
    ),
  error: z
    .nullable(operationErrorSchema)
    .check(z.describe("`code`, `message`, `stack` and, for some codes, `cause`; see [errors](errors.md)")),
  attempt: z.int().check(z.describe("Number of the attempt; 0 until the first start")),
  queue: z.string().check(z.describe("Queue that the operation waits and runs in")),
  priority: z
    .int()
    .check(z.describe("Higher first in its queue; operations of the same priority in order of arrival")),
  slot: z
    .nullable(z.int())
    .check(
      z.describe("Number of the slot of its queue that a running operation uses, from 1; otherwise null"),
    ),
  notBefore: z
    .nullable(time)
    .check(z.describe("Time before which the operation does not start; null: as soon as it can")),
  after: z
    .optional(z.array(z.string()))
    .check(
      z.describe(
        "Ids of operations whose chains must succeed first; if one fails, this operation is cancelled",
      ),
    ),
  afterAny: z
    .optional(z.array(z.string()))
    .check(z.describe("Ids of operations whose chains must finish first, with any outcome")),
  waitsFor: z
    .nullable(z.array(z.string()))
    .check(
      z.describe(
        "Ids of `after` and `afterAny` that a queued operation still waits for; null: it waits for none",
      ),
    ),
  pause: z
    .nullable(pauseSchema)
    .check(
      z.describe(
        "Pause of a running operation: `since` (null: it runs again), `seconds` of the earlier pauses of the attempt, `changes` (pauses and resumes so far); null: never paused",
      ),
    ),
  retryAt: z.nullable(time).check(z.describe("Time before which a queued retry does not start")),
  stalledSince: z.nullable(time).check(z.describe("Time at which the worker was stopped (SIGSTOP)")),
  noRoomSince: z.nullable(time).check(z.describe("Time at which the operation began to wait for disk space")),
  blocked: z
    .nullable(z.object({ reason: z.string(), since: time }))
    .check(
      z.describe(
        "Why (`reason`) and since when (`since`) a queued operation cannot start: its queue is paused or does not exist, its type has reached its `concurrency` or does not load, no worker can be started, the host is drained, no host fits, or the state directory is a copy",
      ),
    ),
  seconds: z.nullable(z.number()).check(z.describe("Duration of the last attempt, by the monotonic clock")),
  resources: z
    .nullable(resourcesSchema)
    .check(
      z.describe(
        "Resources of the attempt's processes: `cpuSeconds`, `maxRssBytes`, `readBytes`, `writtenBytes`; live values every 2 s, final values at the end; null: not measured",
      ),
    ),
  usage: z
    .nullable(usageSchema)
    .check(
      z.describe(
        "Current use of a running operation: `cpu` (cores), `rssBytes`, `processes`; null: not running, or not measured yet",
      ),
    ),
  host: z
    .optional(z.string())
    .check(z.describe("Name of the host that runs the operation, or ran it last; absent without a fleet")),
  on: z
    .optional(z.nullable(hostNameSchema))
    .check(z.describe("Name of the only host that may run the operation; absent or null: any host")),
  tags: z
    .optional(tagsSchema)
    .check(z.describe("Tags that a host must have to run the operation; absent or empty: none")),
  cancelRequested: z.boolean().check(z.describe("Whether a cancel was requested")),
  finishedSuccessfully: z.boolean().check(z.describe("Whether `state` is `succeeded`")),
  queuePosition: z
    .nullable(z.int())
    .check(
      z.describe(
        "Position in its queue, from 1; null unless the operation is queued and waits only for its turn",
      ),
    ),
  chain: chainSchema.check(
    z.describe("`id` (of the first operation), `index` (from 0), `previous` and `next` (ids)"),
  ),
  schedule: z
    .optional(z.string())
    .check(z.describe("Name of the schedule that submitted the operation; otherwise absent")),
  hooks: z
    .optional(hooksSchema)
    .check(z.describe("Commands of the submit that run after the chain, or at a stall; absent without any")),
  hookFailures: z
    .optional(z.array(hookFailureSchema))
    .check(z.describe("Hooks that failed, the newest 10; absent if none failed")),
  traceparent: z
    .optional(z.string())
    .check(
      z.describe(
        "W3C traceparent of the root span; absent while the daemon exports no traces, in lists and in watch streams",
      ),
    ),
  againOf: z
    .optional(z.string())
    .check(z.describe("Id of the finished operation that this one runs again; otherwise absent")),
  limits: z
    .optional(z.object(limitShapes))
    .check(z.describe("Limits of the submit: `memoryMax`, `cpuMax`, `pidsMax`; absent without limits")),
  historyKey: z
    .optional(z.string())
    .check(
      z.describe(
        "Earlier runs with the same key tell how long the operation usually takes; absent: all runs of the type",
      ),
    ),
  requires: z
    .optional(z.array(z.string()))
    .check(
      z.describe("Tags that the type requires of a host of a fleet, from `static requires`; absent: none"),
    ),
  env: z
    .optional(z.array(z.string()))
    .check(
      z.describe(
        "Names of the environment variables of the submit, sorted; the values are not shown. Only in a reply about one operation",
      ),
    ),
  createdAt: time.check(z.describe("Time of the submit")),
  updatedAt: time.check(z.describe("Time of the last change")),
  startedAt: z.nullable(time).check(z.describe("Start of the attempt")),
  finishedAt: z.nullable(time).check(z.describe("End of the operation")),
  logLines: z.int().check(z.describe("Number of log lines, over all attempts")),
  seq: z.int().check(z.describe("Number of the last event in this record")),
});

export type Operation = z.infer<typeof operationSchema>;
export type OperationError = z.infer<typeof operationErrorSchema>;
export type ErrorCause = NonNullable<OperationError["causes"]>[number];
export type ProgressState = z.infer<typeof progressSchema>;
export type Status = z.infer<typeof statusSchema>;
export type StatusLevel = Status["level"];
export type StageTimes = z.infer<typeof stageTimesSchema>;
/** Why a queued operation cannot start, and since when. */
export type Blocked = NonNullable<Operation["blocked"]>;
export type HookFailure = z.infer<typeof hookFailureSchema>;
export type Resources = z.infer<typeof resourcesSchema>;
export type Usage = z.infer<typeof usageSchema>;
export type Chain = z.infer<typeof chainSchema>;

/** One line of an operation's log. */
export const logLineSchema = z.object({
  n: z.int().check(z.describe("number of the line, from 1, over all attempts, without gaps")),
  seq: z.int().check(z.describe("position among the events")),
  at: time,
  attempt: z.int(),
  stage: z.nullable(z.string()),
  stream: z
    .enum(["log", "stdout", "stderr", "liveops"])
    .check(z.describe("log: p.log; stdout, stderr: output of the process; liveops: a message of liveops")),
  text: z.string(),
});

export type LogLine = z.infer<typeof logLineSchema>;
export type LogStream = LogLine["stream"];
