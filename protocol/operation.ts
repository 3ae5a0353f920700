/**
 * The record of an operation: the store keeps it, the routes return it, every screen shows it.
 *
 * The types are inferred from the schemas. Times are ISO 8601 in UTC; durations are in seconds.
 */
import * as z from "zod/mini";
import { EVENTS } from "./actions.js";
import { CAUSES, type Cause } from "./errors.js";
import { doc } from "./schema/doc.js";
import { recordShape } from "./schema/submit-shape.js";
import { STAGE_STATES, STEP_STATES, type StepEnd } from "./stage-state.js";
import { STATES } from "./state.js";

const time = z.iso.datetime();

/** A line of a file, or a script whose failing line is not known. */
export const placeSchema = z.object({
  file: z.string(),
  line: z.int(),
  to: doc(
    z.optional(z.int()),
    "last line of a script, of which the shell named no line; absent: the line failed",
  ),
});

export const operationErrorSchema = z.object({
  code: doc(z.string(), "stable code; a code of liveops begins with LIVEOPS_"),
  message: z.string(),
  stack: z.nullable(z.string()),
  causes: doc(
    z.optional(
      z.array(
        z.object({
          depth: doc(
            z.int(),
            "0: a cause of the error; 1: a cause of the last entry of depth 0; and so on",
          ),
          message: doc(z.string(), "name and message"),
          stack: z.nullable(z.string()),
        }),
      ),
    ),
    "the chain of `cause` and the `errors` of an AggregateError, at most 32; absent if there are none",
  ),
  cause: doc(
    z.optional(z.enum(Object.keys(CAUSES) as [Cause, ...Cause[]])),
    "how the worker died, or the kind of uncaught error; otherwise absent",
  ),
  place: doc(
    z.optional(placeSchema),
    "where a pipeline failed: its file, or `stdin`, and the line; absent for other types",
  ),
  command: doc(
    z.optional(z.string()),
    "the command of a pipeline that failed, as its file has it; absent: it is not known",
  ),
  again: doc(
    z.optional(z.string()),
    "the command that runs a pipeline again with the secret that is missing; absent: none is",
  ),
});

export const progressSchema = z.object({
  done: z.number(),
  total: doc(z.nullable(z.number()), "null: unknown (indeterminate bar)"),
  unit: z.nullable(z.string()),
  label: z.nullable(z.string()),
  rate: doc(z.nullable(z.number()), "units per second, smoothed"),
  etaSeconds: z.nullable(z.number()),
  approximate: doc(
    z.optional(z.boolean()),
    "the figures are an estimate of liveops, such as the position in a file; else absent",
  ),
});

export const statusSchema = z.object({
  text: z.string(),
  level: z.enum(["info", "success", "warning", "error"]),
});

const stageStateSchema = doc(
  z.enum(STAGE_STATES),
  "`up-to-date`: what it needs and makes is as an earlier run left it; `allowed-failure`: the stage failed, and the operation permits that; `skipped`: the operation did not run it. A client takes a state that it does not know for `done`",
);

export const stageTimesSchema = z.object({
  startedAt: time,
  finishedAt: z.nullable(time),
  resumed: doc(z.boolean(), "the block did not run; the value is from an earlier attempt"),
  seconds: doc(z.nullable(z.number()), "duration without waits for a slot, by the monotonic clock"),
  waits: doc(
    z.optional(z.object({ since: z.nullable(time), seconds: z.number() })),
    "how long an active stage did nothing but wait for a slot; since: of the wait that lasts",
  ),
  reason: doc(
    z.optional(z.string()),
    "why the block did not run: the stage was skipped or is up to date, or an earlier attempt did it. Or why it ran",
  ),
  saved: doc(
    z.optional(z.number()),
    "seconds that it did not take, because it or its steps are up to date",
  ),
  error: doc(z.optional(z.string()), "message of the error of an allowed failure"),
  items: doc(
    z.optional(z.object({ done: z.number(), unit: z.nullable(z.string()) })),
    "what the last bar of the stage had counted at its end; absent: it had no bar of items",
  ),
});

export const stepSchema = z.object({
  name: z.string(),
  state: doc(
    z.enum(STEP_STATES),
    "as of a stage, and `ended`: another step of the stage failed. A client takes a state that it does not know for `done`",
  ),
  percent: z.number().check(z.gte(0), z.lte(100)),
  progress: z.nullable(progressSchema),
  status: z.nullable(statusSchema),
  startedAt: time,
  finishedAt: z.nullable(time),
  seconds: doc(z.nullable(z.number()), "duration, by the monotonic clock"),
  resumed: doc(z.boolean(), "the step did not run; its value is from an earlier attempt"),
  exitCode: doc(z.nullable(z.int()), "of its last program; null: none, or it has not exited"),
  reason: doc(
    z.nullable(z.string()),
    "why it failed, was ended, ran or did not run: the first line, at most 200 characters; null: none",
  ),
  saved: doc(z.optional(z.number()), "seconds that it did not take, because it is up to date"),
});

/** Number of steps of a stage: in all, and those in each state in which a step ends. */
export const stepCountsSchema = z.object({
  total: doc(z.int(), "steps that have begun or wait"),
  ...({
    done: z.optional(z.int()),
    "up-to-date": z.optional(z.int()),
    "allowed-failure": z.optional(z.int()),
    skipped: z.optional(z.int()),
    failed: z.optional(z.int()),
    cancelled: z.optional(z.int()),
    ended: z.optional(z.int()),
  } satisfies Record<StepEnd, unknown>),
});

/** A question to a person. */
export const approvalSchema = z.object({
  stage: doc(z.nullable(z.string()), "stage that asks; null: outside of all stages"),
  occurrence: doc(z.int(), "how many times the attempt had entered the stage, from 1"),
  question: z.string(),
  choices: doc(z.array(z.string()), "possible answers; `no` rejects"),
  default: doc(
    z.nullable(z.string()),
    "answer at `until` if nobody has answered; null: the stage fails",
  ),
  attempt: doc(z.int(), "number of the attempt that asked"),
  since: time,
  until: doc(z.nullable(time), "last time for an answer; null: any time"),
  answer: doc(
    z.nullable(
      z.object({
        choice: doc(
          z.nullable(z.string()),
          "null: nobody answered in time, and there is no default",
        ),
        by: doc(
          z.nullable(z.string()),
          "who answered, as the client says; null: nobody did in time",
        ),
        at: time,
      }),
    ),
    "null: none yet",
  ),
});

export const chainSchema = z.object({
  id: doc(z.string(), "id of the first operation of the chain"),
  index: doc(z.int(), "position in the chain, from 0"),
  previous: z.nullable(z.string()),
  next: z.nullable(z.string()),
});

/** Where an operation began inside of another one. */
export const parentSchema = z.object({
  id: doc(z.string(), "id of the operation inside of which this one runs"),
  attempt: doc(z.int(), "number of its attempt"),
  stage: doc(z.nullable(z.string()), "its stage; null: outside of all stages"),
  step: doc(z.optional(z.string()), "its step of the stage; absent: of none"),
  occurrence: doc(z.int(), "how many times the attempt had entered the stage, from 1; 0: no stage"),
  call: doc(z.int(), "how many operations began there before, plus 1"),
});

/** Totals of all processes of an attempt, and the peak of their memory. */
export const resourcesSchema = z.object({
  cpuSeconds: z.number(),
  maxRssBytes: doc(z.int(), "most memory at one moment, of all processes together"),
  readBytes: doc(z.int(), "read from storage, not from the page cache"),
  writtenBytes: doc(z.int(), "written to storage"),
});

/** What the processes of a running operation use at this moment. */
const useShapes = {
  cpu: doc(z.number(), "cores, over the last 2 s"),
  rssBytes: z.int(),
  processes: z.int(),
};

export const usageSchema = z.object({
  ...useShapes,
  steps: doc(
    z.optional(z.record(z.string(), z.object(useShapes))),
    "of the programs of each active step; absent: none runs a program",
  ),
});

/** The pauses of an attempt. */
export const pauseSchema = z.object({
  since: z.nullable(time),
  seconds: z.number(),
  changes: z.int(),
});

/** A number of a success that is far outside of what earlier successes told. */
export const oddSchema = z.object({
  name: doc(
    z.string(),
    "of the output, of the value of the result, or of the stage whose items or time it is",
  ),
  value: z.number(),
  low: doc(z.number(), "least usual value"),
  high: doc(z.number(), "greatest usual value"),
  runs: doc(z.int(), "successes with which it is compared"),
  unit: doc(
    z.optional(z.string()),
    "`bytes`, `seconds`, or the unit of a bar; absent: a plain number",
  ),
});

export const actionFailureSchema = z.object({
  event: z.enum(EVENTS),
  source: doc(z.enum(["config", "pipeline"]), "where the action is set"),
  at: time,
  message: z.string(),
});

/** A result, as an event has it. */
export const resultShape = {
  result: z.unknown(),
  resultText: doc(z.optional(z.string()), "text of the result, for people; absent: none"),
};

export const operationSchema = z.object({
  id: doc(z.string(), "12 characters of `0-9a-z`; the first is a letter"),
  op: doc(z.string(), "Name of the operation type"),
  title: doc(z.string(), "Title of the operation, at most 200 characters"),
  ...recordShape("label"),
  ...recordShape("directory"),
  ...recordShape("session"),
  params: doc(
    z.record(z.string(), z.unknown()),
    "Accepted parameters, before defaults; stored as plain text",
  ),
  state: doc(z.enum(STATES), "`queued`, `running`, `succeeded`, `failed` or `cancelled`"),
  stages: doc(z.array(z.string()), "Names of the stages, in order"),
  currentStage: doc(z.int(), "Index into `stages`; -1 before the first stage"),
  untrackedStage: doc(
    z.nullable(z.string()),
    "Name of the untracked stage that runs now, the innermost; null if none runs, or a tracked stage runs inside",
  ),
  stageStates: doc(
    z.record(z.string(), stageStateSchema),
    "State of each stage, by name: `active`, `done`, `up-to-date`, `allowed-failure`, `skipped`, `failed` or `cancelled`; a pending stage is absent. A client takes a state that it does not know for `done`",
  ),
  stageTimes: doc(
    z.record(z.string(), stageTimesSchema),
    "Times of each stage, by name: `startedAt`, `finishedAt`, `seconds` (by the monotonic clock) `resumed` (the value is from an earlier attempt), `reason` (why the block ran or did not run), `saved` (seconds that it did not take, because it is up to date), `error` (message of an allowed failure) and `items` (what its last bar counted)",
  ),
  steps: doc(
    z.optional(z.record(z.string(), z.array(stepSchema))),
    "Steps that ran side by side, by stage, in the order of their begin: `name`, `state`, `percent`, `progress`, `status`, `startedAt`, `finishedAt`, `seconds`, `resumed`, `exitCode`, `reason` and `saved`. At most 300 in all: of more, the oldest that have ended are left out, those that went well first. Absent: there are none",
  ),
  stepCounts: doc(
    z.optional(z.record(z.string(), stepCountsSchema)),
    "Number of steps, by stage: `total`, and how many ended as `done`, `up-to-date`, `allowed-failure`, `skipped`, `failed`, `cancelled` or `ended`. Absent: there are none",
  ),
  percent: doc(
    z.number().check(z.gte(0), z.lte(100)),
    "0 to 100, of `untrackedStage`, otherwise of the current stage; 100 after success",
  ),
  progress: doc(
    z.nullable(progressSchema),
    "Progress bar: `done`, `total` (null: unknown), `unit`, `label`, `rate` (units per second), `etaSeconds` (null: unknown), `approximate` (true: an estimate of liveops; otherwise absent)",
  ),
  status: doc(z.nullable(statusSchema), "Status line: `text` and `level`"),
  pid: doc(
    z.nullable(z.int()),
    "Process id of the worker that runs the operation, on its host; null: no worker runs the operation, or has begun to",
  ),
  terminal: doc(
    z.nullable(z.string()),
    "Name of the program that runs on a terminal now (`tty`), to which people can attach; null: none",
  ),
  waitingForInput: doc(
    z.nullable(
      z.object({ prompt: z.string(), echo: z.boolean(), number: z.number(), since: time }),
    ),
    "The program on the terminal waits for input: `prompt` (its unfinished line; empty: none), `echo` (the terminal shows what is typed; false for a password), `number` (for an answer) and `since`; null: it does not",
  ),
  commit: doc(
    z.optional(z.string()),
    "Commit of the git checkout around `cwd` when the last attempt started; absent: there is none, or it is not known",
  ),
  result: doc(z.unknown(), "Value passed to `p.result`; null: none"),
  resultText: doc(
    z.nullable(z.string()),
    "Text of the result for people, from `static resultText` of the type; null: none",
  ),
  large: doc(
    z.nullable(z.array(z.enum(["params", "result"]))),
    "Names of the values over 16 KiB as JSON, which lists and streams leave out; null: none. `GET /v1/operations/:id` has them",
  ),
  error: doc(
    z.nullable(operationErrorSchema),
    "`code`, `message`, `stack` and, for some codes, `cause`; see [errors](errors.md)",
  ),
  curve: doc(
    z.optional(z.record(z.string(), z.array(z.number()))),
    'by stage, `""` without stages: seconds after which the first attempt had told 10, 25, 50 and 75 percent; absent: it told none',
  ),
  odd: doc(
    z.optional(z.array(oddSchema)),
    "Numbers far outside of what earlier successes told: `name`, `value`, `low`, `high`, `runs` (number of these successes) and `unit`; see [odd successes](failures.md#odd-successes). Absent or empty: none",
  ),
  attempt: doc(z.int(), "Number of the attempt; 0 until the first start"),
  ...recordShape("queue"),
  slot: doc(
    z.nullable(z.int()),
    "Number of the slot of its queue that a running operation uses, from 1; otherwise null",
  ),
  ...recordShape("start"),
  ...recordShape("dependencies"),
  waitsFor: doc(
    z.nullable(z.array(z.string())),
    "Ids of the operations that it waits for: of a queued operation, those of `after` and `afterAny` that have not finished; of a running one, those for whose end something inside of it waits, so that its slot is lent to them; null: it waits for none",
  ),
  pause: doc(
    z.nullable(pauseSchema),
    "Pause of a running operation: `since` (null: it runs again), `seconds` of the earlier pauses of the attempt, `changes` (pauses and resumes so far); null: never paused",
  ),
  retryAt: doc(z.nullable(time), "Time before which a queued retry does not start"),
  stalledSince: doc(z.nullable(time), "Time at which the worker was stopped (SIGSTOP)"),
  noRoomSince: doc(z.nullable(time), "Time at which the operation began to wait for disk space"),
  blocked: doc(
    z.nullable(z.object({ reason: z.string(), since: time })),
    "Why (`reason`) and since when (`since`) a queued operation cannot start: its queue is paused or does not exist, it waits for approval (`approval`), no worker can be started, the host is drained, no host fits, or the state directory is a copy",
  ),
  approvals: doc(
    z.optional(z.array(approvalSchema)),
    "Questions to a person, oldest first, with their answers. The operation waits while the last one has no answer. A retry leaves out those that it asks again. Absent: none was asked",
  ),
  seconds: doc(z.nullable(z.number()), "Duration of the last attempt, by the monotonic clock"),
  resources: doc(
    z.nullable(resourcesSchema),
    "Resources of the attempt's processes: `cpuSeconds`, `maxRssBytes`, `readBytes`, `writtenBytes`; live values every 2 s, final values at the end; null: not measured",
  ),
  usage: doc(
    z.nullable(usageSchema),
    "Current use of a running operation: `cpu` (cores), `rssBytes`, `processes`, and `steps` with the same of each active step; null: not running, or not measured yet",
  ),
  host: doc(
    z.optional(z.string()),
    "Name of the host that runs the operation, or ran it last; absent where the daemon runs alone",
  ),
  ...recordShape("hosts"),
  cancelRequested: doc(z.boolean(), "Whether a cancel was requested"),
  finishedSuccessfully: doc(z.boolean(), "Whether `state` is `succeeded`"),
  queuePosition: doc(
    z.nullable(z.int()),
    "Position in its queue, from 1; null unless the operation is queued and waits only for its turn",
  ),
  chain: doc(
    chainSchema,
    "`id` (of the first operation), `index` (from 0), `previous` and `next` (ids)",
  ),
  parent: doc(
    z.optional(parentSchema),
    "The operation inside of which this one runs: `id`, `attempt`, `stage`, `step`, `occurrence` (of the stage) and `call`. Cancel, pause, timeout and removal of the parent reach this operation. Absent: none",
  ),
  children: doc(
    z.optional(z.int()),
    "How many times an operation began inside of this one, or was found again; absent: none did",
  ),
  schedule: doc(
    z.optional(z.string()),
    "Name of the schedule that submitted the operation; otherwise absent",
  ),
  actionFailures: doc(
    z.optional(z.array(actionFailureSchema)),
    "Actions that failed, the newest 10; absent if none failed",
  ),
  againOf: doc(
    z.optional(z.string()),
    "Id of the finished operation that this one runs again; otherwise absent",
  ),
  ...recordShape("parameters"),
  ...recordShape("history"),
  ...recordShape("type"),
  env: doc(
    z.optional(z.array(z.string())),
    "Names of the environment variables of the submit, sorted; the values are not shown. Only in a reply about one operation",
  ),
  createdAt: doc(time, "Time of the submit"),
  updatedAt: doc(time, "Time of the last change"),
  startedAt: doc(z.nullable(time), "Start of the attempt"),
  finishedAt: doc(z.nullable(time), "End of the operation"),
  logLines: doc(z.int(), "Number of log lines, over all attempts"),
  seq: doc(z.int(), "Number of the last event in this record"),
});

export type Operation = z.infer<typeof operationSchema>;
export type OperationError = z.infer<typeof operationErrorSchema>;
export type ErrorCause = NonNullable<OperationError["causes"]>[number];
export type ProgressState = z.infer<typeof progressSchema>;
export type Status = z.infer<typeof statusSchema>;
export type StatusLevel = Status["level"];
export type StageTimes = z.infer<typeof stageTimesSchema>;
export type Step = z.infer<typeof stepSchema>;
export type StepCounts = z.infer<typeof stepCountsSchema>;
/** Why a queued operation cannot start, and since when. */
export type Blocked = NonNullable<Operation["blocked"]>;
export type Odd = z.infer<typeof oddSchema>;
export type ActionFailure = z.infer<typeof actionFailureSchema>;
export type Resources = z.infer<typeof resourcesSchema>;
export type Usage = z.infer<typeof usageSchema>;
export type Chain = z.infer<typeof chainSchema>;
export type Approval = z.infer<typeof approvalSchema>;
export type Parent = z.infer<typeof parentSchema>;

/** One line of an operation's log. */
export const logLineSchema = z.object({
  n: doc(z.int(), "number of the line, from 1, over all attempts, without gaps"),
  seq: doc(z.int(), "position among the events"),
  at: time,
  attempt: z.int(),
  stage: z.nullable(z.string()),
  step: doc(z.optional(z.string()), "name of the step within the stage; absent: of none"),
  stream: doc(
    z.enum(["log", "stdout", "stderr", "liveops"]),
    "log: p.log; stdout, stderr: output of the process; liveops: a message of liveops",
  ),
  text: z.string(),
});

export type LogLine = z.infer<typeof logLineSchema>;
export type LogStream = LogLine["stream"];
