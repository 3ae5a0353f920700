/** A row of the waterfall and the spans of time on it. */
import type { StepState } from "../../../protocol/stage-state.js";
import type { State } from "../../../protocol/state.js";

export interface Span {
  /** Milliseconds since the timeline's start. */
  readonly from: number;
  /** Null: not over yet. */
  readonly to: number | null;
  /** `usual`: not begun yet, as long as it usually takes. */
  readonly look: "waiting" | "kept" | "paused" | "usual" | State | StepState;
  /** Seconds that the record tells, without pauses; undefined: those from begin to end. */
  readonly seconds?: number;
}

export interface Lane {
  /** Of an operation that has not been submitted: the name of its history. */
  readonly id: string;
  /** Null: the operation itself. */
  readonly stage: string | null;
  /** Of a step of the stage; absent: the stage itself. */
  readonly step?: string;
  readonly spans: readonly Span[];
}

export interface Lanes {
  /** Wall clock of the timeline's start, in ms. */
  readonly start: number;
  readonly lanes: readonly Lane[];
}
