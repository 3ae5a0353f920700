/**
 * What daemon and worker say to each other over IPC. No message carries an event: those go through the run files.
 * After it accepted an order a worker says nothing until it is idle again.
 */
import type { Entry } from "../store/decision.js";

/** Given to a worker at its birth, as its one argument. */
export interface WorkerSetup {
  workerId: string;
  lockFile: string;
  stdoutFile: string;
  stderrFile: string;
  /** Whether user code may come: tsx and the resolve hook are made ready while the worker is idle. */
  userCode: boolean;
  nice: number;
  /** The cgroup it moves into; null: none. */
  cgroup: string | null;
}

export type ToWorker = PrepareMessage | OrderMessage;

/** An order is likely to come while its start is being written: the run files may be made ready. */
export interface PrepareMessage {
  type: "prepare";
  attemptDir: string;
}

export interface OrderMessage {
  type: "order";
  /** What the daemon keeps of the operation. */
  entry: Entry;
  /** The file that holds large parameters; null where they stand in the entry. */
  paramsFile: string | null;
  /** The file that holds the type. */
  file: string;
  attemptDir: string;
  /** Bytes the attempt's log may take. */
  maxLog: number;
  /** Null where the type is not resumable. */
  valuesDir: string | null;
  /** A note for the operation's log; null: none. */
  notice: string | null;
}

/** `cgroup`: the one it is in; null: none. `problem`: why it is not in the one it was given. */
export type FromWorker = { type: "ready"; cgroup: string | null; problem: string | null } | { type: "idle" };

/** A worker that finds its loaded files edited leaves with this before it accepts. */
export const STALE_EXIT = 75;
