/**
 * The messages between daemon and worker over IPC. No message carries an event: events go through
 * the run files. After a worker accepted an order, it sends nothing until it is idle again.
 */
import type { StepSeconds } from "../../ops/attempt/sink.js";
import type { LoadedFile } from "../../ops/loading/type-files.js";
import type { EventsPlace } from "../run-files/events-reader.js";
import type { Entry } from "../store/decision.js";

/** The only command-line argument of a worker. */
export interface WorkerSetup {
  workerId: string;
  lockFile: string;
  stdoutFile: string;
  stderrFile: string;
  /** For the events of all attempts of the worker. */
  eventsFile: string;
  /**
   * Whether user code is likely: tsx and the resolve hook are prepared while the worker is idle.
   */
  userCode: boolean;
  nice: number;
  /**
   * The operations directories, for a chain that continues by the name of a type; the shipped ones
   * come last.
   */
  opsDirs: readonly string[];
  /** The daemon's, for operations inside of others. */
  socket: string;
  /** The stamps of pipelines. */
  stampsDir: string;
  /** The cgroup that the worker joins; null: none. */
  cgroup: string | null;
  /** Environment variables to remove before any code of an operation runs. */
  startOnly: string[];
}

export interface OrderMessage {
  type: "order";
  /** What the daemon keeps of the operation. */
  entry: Entry;
  /** The file that defines the type. */
  file: string;
  attemptDir: string;
  /** Where the events of earlier attempts are stored: they have the values of done stages. */
  earlier: readonly EventsPlace[];
  /** Bytes the attempt's log may take. */
  maxLog: number;
  /** Null if the type is not resumable. */
  valuesDir: string | null;
  /** What earlier runs tell of the steps. Absent: nothing. */
  stepSeconds?: StepSeconds;
  /** Values of secret parameters, by reference; no file has them. Absent: none. */
  secrets?: Readonly<Record<string, string>>;
  /** Milliseconds that the clock of records is ahead of the machine's. Absent: none. */
  clockAhead?: number;
  /**
   * Files do not reach the next attempt: values and finished items go into the events. Absent: they
   * do.
   */
  valuesInEvents?: true;
}

/**
 * `cgroup`: the cgroup of the worker; null: none. `problem`: why the worker could not join the
 * cgroup it was given. `version`: of the worker, which another install may have put in the place of
 * the daemon's. `eventsEnd`: bytes of events in the worker's own file. `loaded`: the author's files
 * that the worker has loaded.
 */
export type FromWorker =
  | { type: "ready"; cgroup: string | null; problem: string | null; version: string }
  | { type: "idle"; eventsEnd: number; loaded: readonly LoadedFile[] };
