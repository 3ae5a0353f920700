/**
 * What the daemon decides and writes to its journal, each in one record: it happened once or not at all.
 *
 * Replaying the journal is applying these in order (`ledger.ts`), and so is running: a decision reaches memory, the
 * checkpoint and the watchers only after it is on disk.
 */
import type { DaemonEvent, Submission } from "../../protocol/event.js";
import type { Operation } from "../../protocol/operation.js";
import type { ResourceLimits } from "../../protocol/resource-limits.js";
import type { ProcessIdentity } from "../os/process-identity.js";

type EventOf<T extends DaemonEvent["type"]> = Extract<DaemonEvent, { type: T }>;

export type Decision =
  | ({ kind: "submitted" } & Submitted)
  | {
      kind: "started";
      id: string;
      event: EventOf<"attempt:started">;
      worker: WorkerIdentity;
      policy: Policy;
      /** Seconds since the boot. */
      uptime: number;
    }
  | {
      kind: "requeued";
      id: string;
      event: EventOf<"attempt:requeued">;
      next: number;
      tries: number;
      losses?: WorkerLosses | undefined;
      /** Log lines of all attempts so far: the next attempt numbers its lines after them. */
      logLines: number;
    }
  | { kind: "cancelled"; id: string; event: EventOf<"cancel:requested"> }
  | {
      kind: "finished";
      id: string;
      event: EventOf<"operation:finished">;
      runState: RunState;
      successor: Successor | null;
    }
  /** Carries the whole entry: it may have left the journal for the history long ago. */
  | { kind: "retried"; id: string; event: EventOf<"operation:retried">; entry: Entry }
  /** Its record was lost; `entry` is what its run files tell. */
  | { kind: "restored"; id: string; entry: Entry }
  /** `key`: of the submit, which stands for a day all the same. */
  | { kind: "removed"; id: string; key: IdempotencyKey | null };

/**
 * The part of a record that run files tell, as it is at the end of the last attempt. A replay does not read run files:
 * it makes the record of this part and of the daemon's own events.
 */
type RunState = Pick<
  Operation,
  | "title"
  | "stages"
  | "currentStage"
  | "stageStates"
  | "stageTimes"
  | "percent"
  | "progress"
  | "status"
  | "seconds"
  | "cancelRequested"
  | "logLines"
  | "seq"
>;

export function runStateOf(record: Operation): RunState {
  const { title, stages, currentStage, stageStates, stageTimes } = record;
  const { percent, progress, status, seconds, cancelRequested, logLines, seq } = record;
  return {
    ...{ title, stages, currentStage, stageStates, stageTimes },
    ...{ percent, progress, status, seconds, cancelRequested, logLines, seq },
  };
}

export interface Submitted {
  event: EventOf<"operation:submitted">;
  env: Record<string, string>;
  key: IdempotencyKey | null;
}

/** The chain's next operation, and whether it is born cancelled (the cancel came before the hand-off). */
export interface Successor {
  submitted: Submitted;
  cancelled: EventOf<"operation:finished"> | null;
}

export interface IdempotencyKey {
  key: string;
  /** Of the request's body: the same key with another body is refused. */
  hash: string;
  at: string;
}

export interface WorkerIdentity extends ProcessIdentity {
  workerId: string;
  /** Device and inode of the state directory it was started under. */
  directory: string;
  /** Directory of its cgroup; absent where it has none. */
  cgroup?: string;
}

/** The daemon's events as an entry keeps them; `entry-events.ts` says what its record has instead. */
export type KeptEvent =
  | Exclude<DaemonEvent, { type: "operation:submitted" }>
  | Omit<EventOf<"operation:finished">, "result" | "error">
  | (Omit<EventOf<"operation:submitted">, "operation"> & {
      operation: Omit<Submission, "params" | "omitted">;
    });

/** What a type says about running it; read from the type when an attempt starts. Seconds. */
export interface Policy {
  resumable: boolean;
  timeout: number | null;
  gracePeriod: number;
  /** Runs in all, and seconds before the second; each further wait is twice as long. */
  retry: { attempts: number; backoff: number } | null;
  /** What the type declares; of a run, what counts for the operation. Absent: none. */
  limits?: ResourceLimits | undefined;
}

/** How many workers in a row died under an operation, over restarts of the daemon too. */
export interface WorkerLosses {
  /** After the worker accepted: the operation's code was running. */
  accepted: number;
  /** Before the worker accepted: none of the operation's code ran. */
  unaccepted: number;
}

/** An operation as the store keeps it: its record, and what only the daemon needs. */
export interface Entry {
  record: Operation;
  /** Order of submission, over the whole store: lists and pages go by it. */
  order: number;
  /** Journal number of the decision that queued it: the queue goes by it. */
  queuedAt: number;
  env: Record<string, string>;
  key: IdempotencyKey | null;
  /** The daemon's own events, which the event stream shows among the worker's. */
  events: KeptEvent[];
  /** Bytes of its parameters and environment, about: the queue is bounded by them. */
  bytes: number;
  /** The number the next attempt takes. */
  nextAttempt: number;
  /** Attempts that failed and were retried by themselves since it was submitted, or retried by someone. */
  tries: number;
  /** Absent: the last attempt did not end by the death of its worker. */
  losses?: WorkerLosses | undefined;
  run: Run | null;
}

/** The attempt that is running. */
export interface Run {
  worker: WorkerIdentity;
  policy: Policy;
  /** Why it was told to stop; the first reason sticks. */
  stopReason: "cancel" | "timeout" | null;
  stopRequestedAt: string | null;
  startedAt: string;
  /** Seconds since the boot at the start; with the boot's id it measures across daemons, whatever the clock does. */
  startedUptime: number;
  /** The worker took it on: from here on it counts as an attempt. */
  accepted: boolean;
}
