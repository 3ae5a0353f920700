/**
 * The decisions of the daemon. Each is one record of the journal, so it happens completely or not
 * at all.
 *
 * A replay of the journal and the running daemon both apply decisions in order (`ledger.ts`). A
 * decision reaches memory, the state document and the watchers only after it is on disk.
 */
import type { Forgotten, Taken } from "../../ops/attempt/stage-values.js";
import type { END_VALUES } from "../../protocol/end-values.js";
import type { DaemonEvent, Submission } from "../../protocol/event.js";
import { pick } from "../../protocol/objects.js";
import type { Operation } from "../../protocol/operation.js";
import type { State } from "../../protocol/state.js";
import type { ProcessIdentity } from "../os/process-identity.js";

type EventOf<T extends DaemonEvent["type"]> = Extract<DaemonEvent, { type: T }>;

export type Decision =
  | ({ kind: "submitted" } & Submitted)
  /** A queued operation changed: by an edit, or by the answer to its question. */
  | {
      kind: "edited";
      id: string;
      event: EventOf<"operation:edited"> | EventOf<"approval:answered">;
    }
  | {
      kind: "started";
      id: string;
      event: EventOf<"attempt:started">;
      worker: WorkerIdentity;
      policy: Policy;
      /** Seconds since boot. */
      uptime: number;
      /** What the engine adds to the run. Absent: nothing. */
      run?: Partial<Run>;
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
      /** Of an operation that waits for approval: its record keeps its stages. */
      runState?: RunState;
    }
  | { kind: "cancelled"; id: string; event: EventOf<"cancel:requested"> }
  /** The operation was paused or resumed. `uptime`: seconds since boot. */
  | {
      kind: "paused";
      id: string;
      event: EventOf<"attempt:paused"> | EventOf<"attempt:resumed">;
      uptime: number;
    }
  /** For whose end a command or code inside of the running attempt waits: all of them. */
  | { kind: "waits"; id: string; attempt: number; ids: readonly string[] }
  | {
      kind: "finished";
      id: string;
      event: EventOf<"operation:finished">;
      runState: RunState;
      successor: Successor | null;
    }
  /** Carries the complete entry: it may have moved from the journal to the history long ago. */
  | { kind: "retried"; id: string; event: EventOf<"operation:retried">; entry: Entry }
  /** The operation's record was lost; `entry` comes from its run files. */
  | { kind: "restored"; id: string; entry: Entry }
  /** `key`: the submit's idempotency key, which stays valid for a day. */
  /** `state`: of the operation before. Who counts by state may not have the operation in memory. */
  | { kind: "removed"; id: string; key: IdempotencyKey | null; state: State };

/** The operation that a decision is about. */
export function idOf(decision: Decision): string {
  return decision.kind === "submitted" ? decision.event.operation.id : decision.id;
}

/**
 * The part of a record that comes from run files, at the end of the last attempt. A replay does not
 * read run files: it builds the record from this part and the daemon's own events.
 */
const RUN_STATE = [
  "title",
  "stages",
  "currentStage",
  "untrackedStage",
  "stageStates",
  "stageTimes",
  "curve",
  "steps",
  "stepCounts",
  "approvals",
  "children",
  "percent",
  "progress",
  "status",
  "seconds",
  "cancelRequested",
  "logLines",
  "seq",
] as const satisfies readonly (keyof Operation)[];

type RunState = Pick<Operation, (typeof RUN_STATE)[number]>;

export const runStateOf = (record: Operation): RunState => pick(record, RUN_STATE);

export interface Submitted {
  event: EventOf<"operation:submitted">;
  env: Record<string, string>;
  key: IdempotencyKey | null;
}

/**
 * The chain's next operation; `cancelled` where it is created cancelled (the cancel came before the
 * hand-off).
 */
export interface Successor {
  submitted: Submitted;
  cancelled: EventOf<"operation:finished"> | null;
}

export interface IdempotencyKey {
  key: string;
  /** Hash of the request's body: the same key with another body is refused. */
  hash: string;
  at: string;
}

export interface WorkerIdentity extends ProcessIdentity {
  workerId: string;
  /** Device and inode of the state directory under which the worker was started. */
  directory: string;
  /** Version of liveops; absent until the worker is ready. */
  version?: string;
  /** Directory of the worker's cgroup; absent without one. */
  cgroup?: string;
}

/**
 * The daemon's events as an entry keeps them: without values that the record already has
 * (`entry-events.ts`).
 */
export type KeptEvent =
  | Exclude<DaemonEvent, { type: "operation:submitted" }>
  | Omit<EventOf<"operation:finished">, (typeof END_VALUES)[number]>
  | (Omit<EventOf<"operation:submitted">, "operation"> & {
      /** With `params` where a retry has replaced them in the record. */
      operation: Omit<Submission, "params"> & Partial<Pick<Submission, "params">>;
    });

/** The type's settings for its attempts, read when an attempt starts. Times in seconds. */
export interface Policy {
  resumable: boolean;
  timeout: number | null;
  gracePeriod: number;
  /** Attempts in all, and seconds before the second; each further wait is twice as long. */
  retry: { attempts: number; backoff: number } | null;
}

/** How many workers in a row died under an operation, across restarts of the daemon. */
export interface WorkerLosses {
  /** After the worker accepted: the operation's code was running. */
  accepted: number;
  /** Before the worker accepted: none of the operation's code ran. */
  unaccepted: number;
}

/** An operation as the store keeps it: its record, and values that only the daemon needs. */
export interface Entry {
  record: Operation;
  /** Order of submission in the store: the sort key of lists and pages. */
  order: number;
  /** Journal number of the last decision about the operation. */
  version: number;
  /** Journal number of the decision that queued the operation: the sort key of the queue. */
  queuedAt: number;
  /**
   * Journal number of the decision that finished the operation; 0 if the operation is not finished.
   */
  finishedBy: number;
  env: Record<string, string>;
  key: IdempotencyKey | null;
  /** The daemon's own events; the event stream merges them with the worker's. */
  events: KeptEvent[];
  /** Approximate bytes of the parameters and environment, which bound the queue. */
  bytes: number;
  /** Number of the next attempt. */
  nextAttempt: number;
  /** Automatic retries since the submit or the last manual retry. */
  tries: number;
  /** Absent: the last attempt did not end with the death of its worker. */
  losses?: WorkerLosses | undefined;
  /**
   * The events of ended attempts as text: lines of JSON, by the number of the attempt. Absent until
   * the operation is sealed into the history. An attempt with long events is not in it: they are in
   * its directory.
   */
  attemptEvents?: Readonly<Record<string, string>>;
  /**
   * The retries from a stage, with the values that still count after each; absent: none. Equal on
   * all hosts.
   */
  forgotten?: readonly Forgotten[];
  /** Stages and steps that a person has done by hand; absent: none. Equal on all hosts. */
  byHand?: readonly Taken[];
  run: Run | null;
}

/** The attempt that is running. */
export interface Run {
  worker: WorkerIdentity;
  policy: Policy;
  /** Why the attempt must stop; the first reason stays. */
  stopReason: "cancel" | "timeout" | null;
  stopRequestedAt: string | null;
  startedAt: string;
  /**
   * Seconds since boot at the start. With the boot id it measures time across daemons, independent
   * of the clock.
   */
  startedUptime: number;
  /** Whether the worker accepted the operation: only then the run counts as an attempt. */
  accepted: boolean;
  /** Seconds since boot when the attempt was paused; absent: it is not paused. */
  pausedUptime?: number;
  /** For whose end something inside of the attempt waits. Absent: nothing does. */
  waitsFor?: readonly string[];
}
