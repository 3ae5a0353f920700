/**
 * The stored events of an operation, numbered by `seq` over all its attempts. Types, `openapi.json`
 * and the table of docs/protocol.md come from these schemas.
 *
 * The daemon writes `DaemonEvent` to the journal; the worker writes `WorkerEvent` to the attempt's
 * `events.ndjson`. Only one writer numbers the events of an operation at a time: the daemon passes
 * its last number to the worker at the start, and continues after the worker's last number. The
 * daemon's events during an attempt have no number (`seq` 0): `cancel:requested` only sets its
 * flag, and `attempt:paused` and `attempt:resumed` are numbered among themselves.
 */
import * as z from "zod/mini";
import {
  approvalSchema,
  oddSchema,
  operationErrorSchema,
  operationSchema,
  parentSchema,
  progressSchema,
  type Resources,
  resourcesSchema,
  resultShape,
  statusSchema,
} from "./operation.js";
import { doc } from "./schema/doc.js";
import { recordShape, startedShape } from "./schema/submit-shape.js";
import { STAGE_ENDS, STEP_ENDS } from "./stage-state.js";
import type { FinalState } from "./state.js";

export const finalState = z.enum(["succeeded", "failed", "cancelled"] satisfies FinalState[]);

const sourceSchema = z.object({
  path: z.string(),
  text: z.string(),
  files: doc(
    z.optional(z.record(z.string(), z.string())),
    "texts of the files that it names, by absolute path; absent: it names none",
  ),
  timeout: z.nullable(z.number()),
  gracePeriod: z.number(),
});

/** The record has no copy of the source, so that lists and streams do not carry the text. */
const source = doc(
  z.optional(sourceSchema),
  "the pipeline file that defines the type, as it was then; absent for other types",
);

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
    parent: true,
    againOf: true,
    force: true,
    schedule: true,
  }).shape,
  ...recordShape("session"),
  ...recordShape("dependencies"),
  ...recordShape("hosts"),
  ...z.partial(z.object({ ...recordShape("queue"), ...recordShape("start") })).shape,
  ...recordShape("history"),
  ...recordShape("type"),
  source,
});

const numbered = {
  seq: doc(z.int(), "number of the event in its operation, from 1; 0: not numbered"),
  at: z.iso.datetime(),
  attempt: z.int(),
};

const event = <const T extends string, S extends z.core.$ZodLooseShape>(
  type: T,
  shape: S,
  text: string,
) => doc(z.object({ type: z.literal(type), ...numbered, ...shape }), text);

const stageIndex = doc(
  z.nullable(z.int()),
  "index into the stages of the type; null: an untracked stage",
);

const ofStep = doc(
  z.optional(z.string()),
  "name of the step of the active stage; absent: of the stage",
);

const doneByHand = z.object({
  stage: z.string(),
  step: ofStep,
  outputs: doc(z.optional(z.record(z.string(), z.string())), "as they were given; absent: none"),
  by: doc(
    z.string(),
    "name of the person: the user of the client, with `@host` from another machine",
  ),
});
const saved = doc(
  z.optional(z.number()),
  "seconds that it did not take, because it or its steps are up to date",
);

const changes = doc(
  z.object({
    ...z.partial(
      z.object({
        title: operationSchema.shape.title,
        ...recordShape("queue"),
        ...recordShape("start"),
        ...recordShape("label"),
        ...recordShape("directory"),
        params: operationSchema.shape.params,
        stages: operationSchema.shape.stages,
        ...recordShape("history"),
        actions: operationSchema.shape.actions,
        ...recordShape("hosts"),
      }),
    ).shape,
    source,
  }),
  "keys of the record with their new values",
);

/**
 * How an attempt ended. The first outcome counts; a later exit code or cancel does not change it.
 */
const outcome = z.object({
  state: finalState,
  ...resultShape,
  error: z.nullable(operationErrorSchema),
  next: doc(z.nullable(submissionSchema), "the next operation of the chain"),
  failIfOdd: doc(z.optional(z.literal(true)), "a success with odd numbers fails the operation"),
  asks: doc(
    z.optional(z.literal(true)),
    "a question waits for its answer; the next attempt goes on from there",
  ),
});

export const daemonEvents = {
  submitted: event(
    "operation:submitted",
    { operation: submissionSchema },
    "the operation was submitted",
  ),
  edited: event("operation:edited", { changes }, "the queued operation was edited"),
  started: event(
    "attempt:started",
    {
      slot: doc(z.optional(z.int()), "number of the slot of its queue, from 1"),
      host: doc(z.optional(z.string()), "name of the host; absent where the daemon runs alone"),
      ...startedShape(),
    },
    "the daemon gave the attempt to a worker",
  ),
  requeued: event(
    "attempt:requeued",
    { reason: z.string(), retryAt: z.nullable(z.iso.datetime()) },
    "the operation was queued again without a request: the worker died, the type retries, or the operation waits for approval; retryAt null: at once",
  ),
  answered: event(
    "approval:answered",
    {
      choice: doc(z.nullable(z.string()), "null: nobody answered in time, and there is no default"),
      by: doc(z.nullable(z.string()), "who answered, as the client says; null: nobody did in time"),
    },
    "the question of the operation was answered",
  ),
  cancelRequested: event(
    "cancel:requested",
    { reason: z.enum(["cancel", "timeout"]) },
    "a stop was requested",
  ),
  paused: event(
    "attempt:paused",
    { n: doc(z.int(), "number of the pause or resume in its attempt, from 1") },
    "the processes of the operation were stopped",
  ),
  resumed: event(
    "attempt:resumed",
    { n: z.int(), seconds: doc(z.number(), "length of the pause") },
    "the processes of the operation run again",
  ),
  retried: event(
    "operation:retried",
    {
      from: z.nullable(z.string()),
      done: doc(
        z.optional(z.array(doneByHand)),
        "stages and steps that a person has done by hand; absent: none",
      ),
      because: doc(
        z.optional(z.string()),
        "why it starts from another place than the person asked for",
      ),
    },
    "a retry was requested; from: the stage to start from",
  ),
  finished: event(
    "operation:finished",
    {
      state: finalState,
      ...resultShape,
      error: z.nullable(operationErrorSchema),
      odd: doc(
        z.optional(z.array(oddSchema)),
        "numbers far outside of what earlier successes told",
      ),
      next: doc(z.nullable(z.string()), "id of the next operation of the chain"),
      resources: doc(z.optional(resourcesSchema), "of the attempt that ended"),
    },
    "the operation finished",
  ),
};

export const workerEvents = {
  accepted: event(
    "attempt:accepted",
    {
      pid: z.int(),
      commit: doc(
        z.optional(z.string()),
        "commit of the git checkout around the working directory; absent: there is none, or it is not known",
      ),
    },
    "the worker accepted the attempt",
  ),
  stagesDeclared: event(
    "stages:declared",
    { title: z.string(), stages: z.array(z.string()) },
    "the type was edited after the submit; its current title and stages",
  ),
  graceDeclared: event(
    "grace:declared",
    { gracePeriod: doc(z.number(), "seconds") },
    "the grace period of this attempt, where the type leaves it to the parameters",
  ),
  stageEntered: event("stage:entered", { stage: z.string(), index: stageIndex }, "a stage began"),
  stageWaits: event(
    "stage:waits",
    {
      stage: z.string(),
      waits: doc(z.boolean(), "false: it works again"),
      seconds: doc(z.number(), "of all such waits of the stage until then"),
    },
    "a stage does nothing but wait for a slot of an operation inside of it, or works again",
  ),
  stageLeft: event(
    "stage:left",
    {
      stage: z.string(),
      index: stageIndex,
      state: doc(z.enum(STAGE_ENDS), "a client takes a state that it does not know for done"),
      resumed: doc(z.boolean(), "the block did not run; the value is from an earlier attempt"),
      seconds: doc(z.number(), "duration, by the monotonic clock"),
      untrackedStage: doc(
        z.optional(z.string()),
        "the untracked stage that runs now; absent: none, or a tracked stage runs inside",
      ),
      reason: doc(
        z.optional(z.string()),
        "why the block did not run: it was skipped or is up to date, or an earlier attempt did it",
      ),
      saved,
      error: doc(z.optional(operationErrorSchema), "the error of an allowed failure"),
    },
    "a stage ended",
  ),
  stageExplained: event(
    "stage:explained",
    {
      stage: z.string(),
      step: ofStep,
      reason: doc(z.string(), "such as `runs: src/app.ts changed`"),
    },
    "a stage or step that might have been up to date runs, and why",
  ),
  stepEntered: event(
    "step:entered",
    {
      stage: z.string(),
      step: doc(z.string(), "its name, unique in the run of the stage"),
      total: doc(
        z.int(),
        "steps that this run of the stage has begun or will begin, as far as they are known",
      ),
    },
    "a step of the active stage began",
  ),
  stepFinished: event(
    "step:finished",
    {
      stage: z.string(),
      step: z.string(),
      state: doc(
        z.enum(STEP_ENDS),
        "as of a stage, and ended: another step of the stage failed. A client takes a state that it does not know for done",
      ),
      resumed: doc(z.boolean(), "the step did not run; its value is from an earlier attempt"),
      seconds: doc(z.number(), "duration, by the monotonic clock"),
      exitCode: doc(z.optional(z.int()), "of its last program; absent: none has exited"),
      reason: doc(z.optional(z.string()), "why the step was ended, or did not run"),
      saved,
      error: doc(
        z.optional(operationErrorSchema),
        "the error of a failure, also of an allowed one",
      ),
    },
    "a step ended",
  ),
  itemsFinished: event(
    "items:finished",
    { stage: z.nullable(z.string()), step: ofStep, count: z.int() },
    "items of tracked loops are finished; only where files do not reach the next attempt",
  ),
  progressChanged: event(
    "progress:changed",
    { step: ofStep, percent: z.number(), progress: z.nullable(progressSchema) },
    "the progress bar changed",
  ),
  statusChanged: event(
    "status:changed",
    { step: ofStep, status: statusSchema },
    "the status line changed",
  ),
  terminalChanged: event(
    "terminal:changed",
    {
      program: doc(
        z.nullable(z.string()),
        "name of the program that runs on a terminal now; null: none",
      ),
    },
    "a program began or ended to run on a terminal",
  ),
  inputWaiting: event(
    "input:waiting",
    {
      prompt: doc(z.string(), "the unfinished line of the program; empty: none"),
      echo: doc(z.boolean(), "the terminal shows what is typed: for a password, it does not"),
      number: doc(z.number(), "tells the prompt from others of the operation"),
    },
    "the program on the terminal waits for input",
  ),
  inputResumed: event("input:resumed", {}, "the program does not wait for input any more"),
  childBegan: event(
    "child:began",
    {
      ...z.pick(parentSchema, { stage: true, step: true }).shape,
      ...z.pick(operationSchema, { op: true, title: true }).shape,
      child: doc(z.string(), "id of the operation"),
    },
    "another operation began inside of this one",
  ),
  approvalAsked: event(
    "approval:asked",
    z.pick(approvalSchema, {
      stage: true,
      occurrence: true,
      question: true,
      choices: true,
      default: true,
      until: true,
    }).shape,
    "the operation asks a person",
  ),
  recordsDropped: event(
    "records:dropped",
    { count: z.int() },
    "progress events and log lines were lost because the disk was full",
  ),
  attemptFinished: event(
    "attempt:finished",
    {
      seconds: doc(z.number(), "duration of the attempt, by the monotonic clock"),
      resources: doc(z.optional(resourcesSchema), "of the worker process"),
      ...outcome.shape,
    },
    "the attempt ended",
  ),
};

const all = [...Object.values(daemonEvents), ...Object.values(workerEvents)];

/** The fields of an outcome. */
export const OUTCOME_FIELDS = Object.keys(outcome.shape) as Array<keyof Outcome>;

/** An event of an operation, as `GET /v1/operations/:id/events` returns it. */
export const eventSchema = z.discriminatedUnion(
  "type",
  all as [(typeof all)[number], ...typeof all],
);

/** What an operation type's pipeline file was at the submit. */
export type SubmissionSource = z.infer<typeof sourceSchema>;
/** The part of an operation that is known at the submit. */
export type Submission = z.infer<typeof submissionSchema>;
/** The values that an edit, or a retry, changed. */
export type Changes = z.infer<typeof changes>;
export type Outcome = z.infer<typeof outcome>;
/** A stage or step that a person has done by hand. */
export type DoneByHand = z.infer<typeof doneByHand>;
/** Why an attempt must stop. The first reason counts. */
export type StopReason = z.infer<typeof daemonEvents.cancelRequested>["reason"];

/** What a worker process had used before an attempt. */
export type UsedBefore = Omit<Resources, "maxRssBytes">;

/** Return value of a stage or step, kept for a later attempt. */
export interface StageValue {
  /** How many times the attempt had entered the stage, from 1. */
  occurrence: number;
  /** Hash of the params that produced the value. */
  params: string;
  /** JSON; absent: the stage returned undefined. */
  value?: unknown;
  /** Who has done it by hand, and when; absent: it ran. */
  byHand?: ByHand;
}

export interface ByHand {
  by: string;
  /** ISO 8601. */
  at: string;
}

/** Finished items of a stage, kept for a later attempt. */
export interface StoredItems {
  /** As in a stage value. */
  occurrence: number;
  params: string;
  /** Digests of `ops/attempt/item-keys.ts`. */
  keys: readonly string[];
}

/**
 * Keys that only the attempt's file has, for recovery and later attempts. Clients see none of them.
 */
interface FileKeys {
  /** `entry`: the daemon's entry of the operation at that time; `used`: before the attempt. */
  "attempt:accepted": { entry?: unknown; used?: UsedBefore | null };
  /** Only of a resumable type. */
  "stage:left": { value?: StageValue };
  "step:finished": { value?: StageValue };
  "items:finished": { items?: StoredItems };
}

type WithFileKeys<E> = E extends { type: infer T extends keyof FileKeys } ? E & FileKeys[T] : E;
type EventOf<T extends Record<string, z.ZodMiniType>> = z.infer<T[keyof T]>;

export type DaemonEvent = EventOf<typeof daemonEvents>;
export type WorkerEvent = WithFileKeys<EventOf<typeof workerEvents>>;
export type OperationEvent = DaemonEvent | WorkerEvent;

/** A worker event without its number and time; the writer adds them. */
export type EventBody = WithoutNumber<WorkerEvent>;
type WithoutNumber<E> = E extends unknown ? Omit<E, keyof typeof numbered> : never;
