/**
 * What the runner of an attempt talks to: where events and lines go, and how a stop reaches it.
 *
 * The worker's sink appends to the run files, `liveops run`'s feeds the text renderer, a test's is an array.
 */
import type { EventBody, StageValue, StopReason } from "../../protocol/event.js";
import type { LogStream } from "../../protocol/operation.js";
import { Failure } from "./failure.js";

export interface Sink {
  /** Numbers, stamps and stores an event, synchronously; with `durable` it is on disk when this returns. */
  event(body: EventBody, durable: boolean): void;
  /** Appends to the log, synchronously; a text of several lines becomes several lines. */
  line(stream: LogStream, stage: string | null, text: string): void;
}

export interface StopControl {
  /** Aborted with the `StopReason` as its reason. */
  readonly signal: AbortSignal;
  /**
   * Looks for a stop request now, synchronously: the only way a busy loop can see one. Costs a system call, so
   * callers ask at most every few milliseconds.
   */
  poll(): StopReason | null;
}

/** Stored stage values of a resumable type, by (stage, occurrence); all of it synchronous. */
export interface StageValues {
  /** The JSON value an earlier attempt stored, or undefined where there is none. */
  load(stage: string, occurrence: number): { value: unknown } | undefined;
  /**
   * Keeps a value for later attempts. One that is small is handed back, to be stored with the event that the stage was
   * left; a large one is on disk when this returns, whole or not at all.
   *
   * @param json - the value as JSON; empty stands for undefined
   */
  keep(stage: string, occurrence: number, json: string, value: unknown): StageValue | null;
}

/** What `result`, `error` or `chainTo` said: the first wins, it takes effect when `run` returns. */
export type OutcomeCall =
  | { by: "result"; value: unknown }
  | { by: "error"; message: string }
  /** `at` keeps the call's stack: the parameters are only checked later. */
  | { by: "chainTo"; type: unknown; params: Record<string, unknown>; at: Error };

export class OutcomeSlot {
  said: OutcomeCall | null = null;

  /** @throws Failure LIVEOPS_OUTCOME_SET */
  set(said: OutcomeCall): void {
    this.refuseSecond(said.by);
    this.said = said;
  }

  /** Checked before anything else is: a second call is wrong whatever it says. */
  refuseSecond(by: OutcomeCall["by"]): void {
    if (this.said === null) return;
    throw new Failure(
      "LIVEOPS_OUTCOME_SET",
      `p.${by} was called after p.${this.said.by}: an operation has one outcome; call one of result, error and chainTo, once`,
    );
  }
}
