/**
 * The interfaces between the runner of an attempt and its caller: the order, events and log lines,
 * stop requests, and stage values.
 *
 * `AttemptWriter` is the sink of both callers.
 */
import type {
  ByHand,
  DoneByHand,
  EventBody,
  StageValue,
  StopReason,
} from "../../protocol/event.js";
import type { Approval, Chain, LogStream } from "../../protocol/operation.js";
import type { Masker } from "../secrets/masker.js";

export interface Sink {
  /**
   * Numbers, timestamps and stores an event, synchronously. With `durable`, it is on disk when this
   * returns.
   */
  event(body: EventBody, durable: boolean): void;
  /** Appends to the log, synchronously; each line of the text becomes a log line. */
  line(stream: LogStream, stage: string | null, text: string, step?: string): void;
  /** Appends texts without line ends to the log, synchronously, as lines that came together. */
  outputLines(
    stream: LogStream,
    stage: string | null,
    texts: readonly string[],
    step?: string,
  ): void;
  /** Masks secrets in all events and lines. The attempt registers its secrets here. */
  readonly masker: Masker;
}

export interface StopControl {
  /** Aborts with the `StopReason` as its reason. */
  readonly signal: AbortSignal;
  /**
   * Checks for a stop request, synchronously, for busy loops. Costs a system call, so callers poll
   * at most every few milliseconds.
   */
  poll(): StopReason | null;
  /** Aborts when nobody waits for the attempt any more, because its grace period is over. */
  readonly abandoned?: AbortSignal;
  /**
   * Does not return if the attempt must not go on. Called before each step, so it is cheap.
   * Absent: the attempt needs no lease.
   */
  readonly checkLease?: (() => void) | undefined;
}

/** The value of a stage or step that an earlier attempt stored. */
export interface Stored {
  /** JSON. */
  value: unknown;
  /** Number of that attempt. */
  attempt: number;
  /** Who has done it by hand, and when; absent: it ran. */
  byHand?: ByHand;
}

/** Whose a value is: of one run of a stage's block in its attempt, or of a step of that run. */
export interface ValuePlace {
  stage: string;
  /** Absent: the value of the stage. */
  step?: string | undefined;
  /** Number of the run, from 1. */
  occurrence: number;
}

/** Whose finished items they are. Without a stage: of loops outside of all stages. */
export interface ItemsOwner extends Omit<ValuePlace, "stage"> {
  stage: string | null;
}

/** Stored values of a resumable type. All methods are synchronous. */
export interface StageValues {
  load(place: ValuePlace): Stored | undefined;
  /**
   * What a person has done by hand since the last attempt that came to it; undefined: nothing.
   *
   * @param isStored - whether a stored value counts: only outputs that the person has given
   *   replace it
   */
  byHand(place: ValuePlace, isStored: boolean): (DoneByHand & ByHand) | undefined;
  /**
   * Keeps a value for later attempts. Returns a small value, to be stored in the `stage:left` or
   * `step:finished` event, or any value where files do not reach the next attempt. Otherwise writes
   * a large value to disk atomically and returns null.
   *
   * @param json - the value as JSON; empty means undefined
   */
  keep(place: ValuePlace, json: string, value: unknown, byHand?: ByHand): StageValue | null;
  items(owner: ItemsOwner): FinishedItems;
}

/** Stored items of tracked loops with a `key`. All methods are synchronous. */
export interface FinishedItems {
  /** Time in ms between two calls of `append`, while items are finished. */
  readonly everyMs: number;
  /** What earlier attempts finished, the oldest attempt first. */
  load(): Iterable<{ attempt: number; keys: readonly string[] }>;
  /**
   * Stores items that this attempt finished. They survive the death of this process.
   *
   * @throws the system error; nothing of the batch is stored then
   */
  append(keys: readonly string[]): void;
  /**
   * Makes what was stored survive a power cut.
   *
   * @throws the system error
   */
  sync(): void;
  close(): void;
  /** Removes what all attempts stored: the stage is done. */
  discard(): void;
}

/** The stage, or the step of it, from which a retry starts. */
export interface FromPlace {
  stage: string;
  /** Absent: the whole stage. */
  step?: string;
}

/** Seconds that the steps of each stage usually take, by the names of stage and step. */
export type StepSeconds = Readonly<Record<string, Readonly<Record<string, number>>>>;

/**
 * The input of one attempt. The daemon sends it to a worker; `liveops run` creates it in its own
 * process.
 */
export interface Order {
  id: string;
  op: string;
  attempt: number;
  /** The accepted input; the attempt parses it again. */
  params: Record<string, unknown>;
  title: string;
  label: string | null;
  stages: string[];
  /** Absolute path. */
  cwd: string;
  /** Variables of the submit. During the attempt they override those of the worker. */
  env: Record<string, string>;
  chain: Chain;
  /** Numbers of the operation's last event and last log line. */
  seq: number;
  logLines: number;
  /** Number of the slot of its queue, from 1. */
  slot: number;
  /** What features add to the fields of the operation. Absent: what they are without a daemon. */
  fields?: object;
  /** What is up to date runs too. */
  force?: true | undefined;
  /**
   * The stage or step of the last `retry --from`, which runs where it is up to date. Absent: none.
   */
  from?: FromPlace | undefined;
  /** Absent: no earlier run is known. */
  stepSeconds?: StepSeconds | undefined;
  /** The questions that earlier attempts asked, with their answers. Absent: none. */
  approvals?: readonly Approval[];
}
