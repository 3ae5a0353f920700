/**
 * The stored events of an operation, numbered by `seq` over all its attempts.
 *
 * The daemon writes `DaemonEvent` to the journal; the worker writes `WorkerEvent` to the attempt's `events.ndjson`.
 * Only one writer numbers the events of an operation at a time: the daemon passes its last number to the worker at the
 * start, and continues after the worker's last number. The daemon's events during an attempt have no number (`seq` 0):
 * `cancel:requested` only sets its flag, and `attempt:paused` and `attempt:resumed` are numbered among themselves.
 */
import type { Omitted, Operation, OperationError, ProgressState, Resources, Status } from "./operation.js";
import type { StageEnd } from "./stage-state.js";
import type { FinalState } from "./state.js";

/**
 * The pipeline file that defines the type, as it was at the submit. The record has no copy of it, so that lists and
 * streams do not carry the text.
 */
export interface SubmissionSource {
  /** Absolute. */
  path: string;
  text: string;
  /** Seconds, of the type that the text defines; null: no limit. */
  timeout: number | null;
  /** Seconds. */
  gracePeriod: number;
}

/** The part of an operation that is known at the submit. */
export type Submission = Pick<
  Operation,
  | "id"
  | "op"
  | "title"
  | "label"
  | "cwd"
  | "params"
  | "stages"
  | "chain"
  | "againOf"
  | "schedule"
  | "hooks"
  | "limits"
  | "historyKey"
  | "requires"
  | "after"
  | "afterAny"
  | "on"
  | "tags"
> &
  Partial<Pick<Operation, "queue" | "priority" | "notBefore">> & {
    /** Set if the store keeps large parameters in a separate file; `params` is empty then. */
    omitted?: Omitted;
    /** Absent: the type is no pipeline. */
    source?: SubmissionSource;
    /** The next operation of a chain may run on any host of a fleet. Absent: on the host of the operation before. */
    hosts?: "any";
  };

/** The values that an edit changed. */
export type Changes = Partial<
  Pick<
    Submission,
    | "title"
    | "label"
    | "cwd"
    | "params"
    | "stages"
    | "historyKey"
    | "queue"
    | "priority"
    | "notBefore"
    | "on"
    | "tags"
    | "source"
  >
>;

interface Numbered {
  seq: number;
  /** ISO 8601, UTC, the writer's wall clock. Order events by `seq`, not by time. */
  at: string;
  attempt: number;
}

export type DaemonEvent = Numbered &
  (
    | { type: "operation:submitted"; operation: Submission }
    /** A queued operation was changed. */
    | { type: "operation:edited"; changes: Changes; env: string[] }
    /**
     * `slot`: number of the slot of its queue, from 1; absent without a daemon. `host` and `fence` only in a fleet:
     * each start has a greater fence than all starts before it.
     */
    | { type: "attempt:started"; slot?: number; host?: string; fence?: number }
    /** `n` numbers the pauses and resumes of an attempt, from 1. */
    | { type: "attempt:paused"; n: number }
    | { type: "attempt:resumed"; n: number; seconds: number }
    /** Queued again without a request: the worker died, or the type retries. `retryAt` null: at once. */
    | { type: "attempt:requeued"; reason: string; retryAt: string | null }
    | { type: "cancel:requested"; reason: StopReason }
    | { type: "operation:retried"; from: string | null }
    | {
        type: "operation:finished";
        state: FinalState;
        result: unknown;
        /** The text of `static resultText`; absent: none. */
        resultText?: string;
        /** Set if the store keeps a large result in a separate file; `result` is null then. */
        omitted?: Omitted;
        error: OperationError | null;
        /** Id of the chain's next operation, which the same journal record creates. */
        next: string | null;
        /** Of the attempt that ended; absent if none ran, or nothing was measured. */
        resources?: Resources;
      }
  );

export type WorkerEvent = Numbered &
  /**
   * `entry`: the daemon's entry of the operation at that time, only for recovery; `used`: what the worker process had
   * used before the attempt. Clients see neither.
   */
  (
    | { type: "attempt:accepted"; pid: number; entry?: unknown; used?: UsedBefore | null }
    /** The type was edited after the submit; its current title and stages. */
    | { type: "stages:declared"; title: string; stages: string[] }
    | { type: "stage:entered"; stage: string; index: number | null }
    | {
        type: "stage:left";
        stage: string;
        /** Index into the type's stages; null for an untracked stage. */
        index: number | null;
        state: StageEnd;
        /** The block did not run; the value of an earlier attempt was returned. */
        resumed: boolean;
        /** Duration, by the monotonic clock. */
        seconds: number;
        /** Set if the block that runs now is an untracked stage, begun before this one or beside it: its name. */
        untrackedStage?: string;
        /** Why the block did not run: the stage was skipped, or an earlier attempt did it. */
        reason?: string;
        /** The error of an allowed failure. */
        error?: OperationError;
        /** Return value of a stage of a resumable type, only for a later attempt; clients do not see it. */
        value?: StageValue;
      }
    /** In a fleet: items of tracked loops are finished. `items`: which, only for a later attempt. */
    | { type: "items:finished"; stage: string | null; count: number; items?: StoredItems }
    | { type: "progress:changed"; percent: number; progress: ProgressState | null }
    | { type: "status:changed"; status: Status }
    /** A program began or ended to run on a terminal. */
    | { type: "terminal:changed"; program: string | null }
    | { type: "input:waiting"; prompt: string }
    | { type: "input:resumed" }
    | { type: "records:dropped"; count: number }
    /** `seconds`: duration, by the monotonic clock. `resources`: of the worker process; absent without /proc. */
    | ({ type: "attempt:finished"; seconds: number; resources?: Resources } & Outcome)
  );

/** What a worker process had used before an attempt. */
export type UsedBefore = Omit<Resources, "maxRssBytes">;

/** Return value of a stage, kept for a later attempt. */
export interface StageValue {
  /** How many times the attempt had entered the stage, from 1. */
  occurrence: number;
  /** Hash of the params that produced the value. */
  params: string;
  /** JSON; absent: the stage returned undefined. */
  value?: unknown;
}

/** Finished items of a stage, kept for a later attempt. */
export interface StoredItems {
  /** As in a stage value. */
  occurrence: number;
  params: string;
  /** Records of `ops/runner/item-batch.ts`, in Base64. */
  data: string;
}

/** How an attempt ended. The first outcome counts; a later exit code or cancel does not change it. */
export interface Outcome {
  state: FinalState;
  result: unknown;
  /** The text of `static resultText`; absent: none. */
  resultText?: string;
  error: OperationError | null;
  /** The chain's next operation, only with `succeeded`. The worker chooses its id. */
  next: Submission | null;
  /** The type did not load in the worker, so `run` was not called. The operation may wait for its type. */
  notLoaded?: true;
}

/** Why an attempt must stop. The first reason counts. */
export type StopReason = "cancel" | "timeout";

/** A worker event without its number and time; the writer adds them. */
export type EventBody = WithoutNumber<WorkerEvent>;
type WithoutNumber<F> = F extends unknown ? Omit<F, keyof Numbered> : never;

export type OperationEvent = DaemonEvent | WorkerEvent;
type EventType = OperationEvent["type"];

/** The closing line of a followed event stream. */
export interface EndLine {
  type: "end";
  state: FinalState;
}

/** The keys of an event type, without those of every event. */
type OwnKeys<T extends EventType> = Exclude<
  keyof Extract<OperationEvent, { type: T }>,
  "type" | "seq" | "at" | "attempt"
>;

interface EventText<T extends EventType> {
  writer: T extends DaemonEvent["type"] ? "daemon" : "worker";
  /** Keys that clients see. */
  keys: ReadonlyArray<OwnKeys<T>>;
  /** In Markdown. */
  meaning: string;
}

/** Every event type, in the usual order. */
export const EVENTS: { readonly [T in EventType]: EventText<T> } = {
  "operation:submitted": {
    writer: "daemon",
    keys: ["operation"],
    meaning: "The operation was submitted and is queued",
  },
  "operation:edited": {
    writer: "daemon",
    keys: ["changes", "env"],
    meaning:
      "The queued operation was edited: the keys of the record with their new values, and the names of the environment variables that changed",
  },
  "attempt:started": {
    writer: "daemon",
    keys: ["slot", "host", "fence"],
    meaning:
      "The daemon gave the operation to a worker; `slot` is the number of the slot of its queue; in a fleet, `host` is the host, and `fence` a number that grows with each start",
  },
  "attempt:paused": {
    writer: "daemon",
    keys: ["n"],
    meaning: "The processes of the operation were stopped; `n` numbers the pauses and resumes of the attempt",
  },
  "attempt:resumed": {
    writer: "daemon",
    keys: ["n", "seconds"],
    meaning: "The processes of the operation run again; `seconds` is the length of the pause",
  },
  "attempt:accepted": {
    writer: "worker",
    keys: ["pid"],
    meaning: "The worker accepted the operation; the attempt counts from this event",
  },
  "stages:declared": {
    writer: "worker",
    keys: ["title", "stages"],
    meaning: "The type was edited after the submit; its current stages",
  },
  "stage:entered": {
    writer: "worker",
    keys: ["stage", "index"],
    meaning: "A stage began; `index` is null for an untracked stage",
  },
  "stage:left": {
    writer: "worker",
    keys: ["stage", "index", "state", "resumed", "seconds", "untrackedStage", "reason", "error"],
    meaning:
      "A stage ended; `state` is `done`, `allowed-failure`, `skipped`, `failed` or `cancelled`; `untrackedStage` is the untracked stage that still runs, if any; `reason`: why the block did not run; `error`: that of an allowed failure",
  },
  "items:finished": {
    writer: "worker",
    keys: ["stage", "count"],
    meaning:
      "In a fleet: `count` items of tracked loops with a `key` are finished, for a later attempt; `stage` is null outside of all stages",
  },
  "progress:changed": {
    writer: "worker",
    keys: ["percent", "progress"],
    meaning: "The progress bar changed",
  },
  "status:changed": { writer: "worker", keys: ["status"], meaning: "The status line changed" },
  "terminal:changed": {
    writer: "worker",
    keys: ["program"],
    meaning: "The program `program` runs on a terminal (`tty`); null: no program does",
  },
  "input:waiting": {
    writer: "worker",
    keys: ["prompt"],
    meaning: "The program on the terminal waits for input; `prompt` is its unfinished line, often a question",
  },
  "input:resumed": { writer: "worker", keys: [], meaning: "The program does not wait for input any more" },
  "records:dropped": {
    writer: "worker",
    keys: ["count"],
    meaning: "Log lines and progress were lost because the disk was full",
  },
  "attempt:finished": {
    writer: "worker",
    keys: ["state", "result", "resultText", "error", "next", "seconds", "resources"],
    meaning: "The attempt ended with this outcome",
  },
  "attempt:requeued": {
    writer: "daemon",
    keys: ["reason", "retryAt"],
    meaning: "The operation was queued again: the worker died, or the type retries; `retryAt` null: at once",
  },
  "operation:finished": {
    writer: "daemon",
    keys: ["state", "result", "resultText", "error", "next", "resources"],
    meaning: "The operation is finished; `next` is the id of the next operation of the chain",
  },
  "operation:retried": {
    writer: "daemon",
    keys: ["from"],
    meaning: "A retry was requested; the operation is queued again",
  },
  "cancel:requested": {
    writer: "daemon",
    keys: ["reason"],
    meaning: "A stop was requested; `reason` is `cancel` or `timeout`",
  },
};
