/**
 * Events: what happened in an operation, past tense, numbered by `seq` over all its attempts, stored.
 *
 * The daemon says the first group (they stand in the journal), the worker the second (they stand in the attempt's
 * `events.ndjson`). No two writers number the same operation at once: the daemon hands its last number to the
 * worker with the start and takes up again after the worker's last. `cancel:requested` is the one decision that
 * falls inside an attempt, so it carries no number of its own (`seq` 0) and changes nothing but its flag.
 */
import type { Omitted, Operation, OperationError, ProgressState, Status } from "./operation.js";
import type { FinalState } from "./state.js";

/** What an operation begins as: everything known when it is submitted. */
export type Submission = Pick<
  Operation,
  "id" | "op" | "title" | "label" | "cwd" | "params" | "stages" | "chain" | "limits"
> & {
  /** Set where the store keeps large parameters in a file of their own; `params` is empty then. */
  omitted?: Omitted;
};

interface Numbered {
  seq: number;
  /** ISO 8601, UTC, the writer's wall clock. Order goes by `seq`. */
  at: string;
  attempt: number;
}

export type DaemonEvent = Numbered &
  (
    | { type: "operation:submitted"; operation: Submission }
    | { type: "attempt:started" }
    /** Queued again by itself: its worker died, or its type retries; `retryAt` null is at once. */
    | { type: "attempt:requeued"; reason: string; retryAt: string | null }
    | { type: "cancel:requested"; reason: StopReason }
    | { type: "operation:retried"; from: string | null }
    | {
        type: "operation:finished";
        state: FinalState;
        result: unknown;
        /** Set where the store keeps a large result in a file of its own; `result` is null then. */
        omitted?: Omitted;
        error: OperationError | null;
        /** Id of the chain's next operation, created in the same durable record. */
        next: string | null;
      }
  );

export type WorkerEvent = Numbered &
  /** `entry`: what the daemon kept of the operation then; for recovery alone, and not shown. */
  (
    | { type: "attempt:accepted"; pid: number; entry?: unknown }
    /** The type was edited since the submit: what it declares now. */
    | { type: "stages:declared"; title: string; stages: string[] }
    | { type: "stage:entered"; stage: string; index: number | null }
    | {
        type: "stage:left";
        stage: string;
        /** Its place in the type's stages; null for one that is not declared. */
        index: number | null;
        state: "done" | "failed" | "cancelled";
        /** The block did not run: an earlier attempt's value was returned. */
        resumed: boolean;
        /** Monotonic clock. */
        seconds: number;
        /** What a resumable type's stage returned; for a later attempt alone, and not shown. */
        value?: StageValue;
      }
    | { type: "progress:changed"; percent: number; progress: ProgressState | null }
    | { type: "status:changed"; status: Status }
    | { type: "records:dropped"; count: number }
    /** `seconds`: how long the attempt ran, by the monotonic clock. */
    | ({ type: "attempt:finished"; seconds: number } & Outcome)
  );

/** What a stage returned, kept for a later attempt. */
export interface StageValue {
  /** How often the stage had been entered by then in its attempt, from 1. */
  occurrence: number;
  /** Hash of the params the value was made with. */
  params: string;
  /** JSON; absent: the stage returned undefined. */
  value?: unknown;
}

/** How an attempt ended. The first word counts; it beats an exit code and a late cancel. */
export interface Outcome {
  state: FinalState;
  result: unknown;
  error: OperationError | null;
  /** The chain's next operation, its id chosen in the worker; only with `succeeded`. */
  next: Submission | null;
  /** The type did not load in the worker: `run` was not called. The operation may wait for its type. */
  notLoaded?: true;
}

/** Why an attempt was told to stop. The first reason sticks. */
export type StopReason = "cancel" | "timeout";

/** A worker's event before its writer numbers and stamps it. */
export type EventBody = WithoutNumber<WorkerEvent>;
type WithoutNumber<F> = F extends unknown ? Omit<F, keyof Numbered> : never;

export type OperationEvent = DaemonEvent | WorkerEvent;
type EventType = OperationEvent["type"];

/** The closing line of a followed event stream. */
export interface EndLine {
  type: "end";
  state: FinalState;
}

/** The keys of an event beside those that every event has. */
type OwnKeys<T extends EventType> = Exclude<
  keyof Extract<OperationEvent, { type: T }>,
  "type" | "seq" | "at" | "attempt"
>;

interface EventText<T extends EventType> {
  writer: T extends DaemonEvent["type"] ? "daemon" : "worker";
  /** Those that clients see. */
  keys: ReadonlyArray<OwnKeys<T>>;
  /** In Markdown. */
  meaning: string;
}

/** In the order of a life. */
export const EVENTS: { readonly [T in EventType]: EventText<T> } = {
  "operation:submitted": {
    writer: "daemon",
    keys: ["operation"],
    meaning: "The operation was submitted and is queued",
  },
  "attempt:started": { writer: "daemon", keys: [], meaning: "A worker was given the operation" },
  "attempt:accepted": {
    writer: "worker",
    keys: ["pid"],
    meaning: "The worker accepted the operation; the attempt counts from here",
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
    keys: ["stage", "index", "state", "resumed", "seconds"],
    meaning: "A stage ended; `state` is `done`, `failed` or `cancelled`",
  },
  "progress:changed": {
    writer: "worker",
    keys: ["percent", "progress"],
    meaning: "The progress bar changed",
  },
  "status:changed": { writer: "worker", keys: ["status"], meaning: "The status line changed" },
  "records:dropped": {
    writer: "worker",
    keys: ["count"],
    meaning: "Log lines and progress were lost because the disk was full",
  },
  "attempt:finished": {
    writer: "worker",
    keys: ["state", "result", "error", "next", "seconds"],
    meaning: "The attempt ended with this outcome",
  },
  "attempt:requeued": {
    writer: "daemon",
    keys: ["reason", "retryAt"],
    meaning: "The operation was queued again: the worker died, or the type retries",
  },
  "operation:finished": {
    writer: "daemon",
    keys: ["state", "result", "error", "next"],
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
