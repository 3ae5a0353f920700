/**
 * Operations inside of the attempt (`p.operation`, and `op` of a pipeline). The worker asks the
 * daemon for them; `liveops run` and `liveops/testing` run them in their own process.
 */
import type { Operation, Parent } from "../../protocol/operation.js";
import type { BarTarget } from "../programs/progress/program-bar.js";
import type { OperationClass, StatusLevel } from "../sdk/live-operation.js";
import type { OperationCtor } from "../types/read-type.js";
import type { Cancellation } from "./cancellation.js";
import type { Clock } from "./clock.js";
import type { Sink } from "./sink.js";
import type { WaitTime } from "./wait-time.js";

/** An operation to run inside of the attempt. */
export interface ChildCall {
  /** The class of the type, or its name, which is found as for a submit. */
  type: (OperationClass & OperationCtor) | string;
  params: Readonly<Record<string, unknown>>;
  /** `name=value`, read by the schema of the type as words of a command line. Default: none. */
  words?: string[];
  /** Default: that of the type, otherwise that of this operation. */
  queue?: string;
  /** Absolute; default: that of this operation. */
  cwd?: string;
  /** Variables added to those of this operation. Default: none. */
  env?: Readonly<Record<string, string>>;
  /**
   * The last one at this place failed, and goes on where it failed. Default: false, another one
   * begins.
   */
  again?: boolean;
}

export interface ChildOptions {
  /** Cancels the operation, too. */
  signal?: AbortSignal;
  /** Called when the operation starts, after its wait for a slot. */
  onStart?(): void;
  /**
   * The operation is the whole of its stage or step, so its error names no place in it. Default:
   * false.
   */
  isWhole?: boolean;
}

/** Where the operation begins inside of the attempt. */
export type ChildPlace = Omit<Parent, "id" | "attempt">;

export interface ChildWatch {
  /** Cancels the operation. */
  signal: AbortSignal;
  /**
   * Called with the record of the operation, or of the next one of its chain, at the start and
   * after each change.
   */
  onRecord(record: Operation): void;
}

/** Runs operations inside of an attempt. */
export interface ChildRunner {
  /**
   * @returns the finished record of the last operation of the chain, also where it failed or was
   * cancelled
   */
  run(call: ChildCall, place: ChildPlace, watch: ChildWatch): Promise<Operation>;
}

/** The stage or step in which the operation runs. */
export interface ChildHost {
  /** Null: no operation can run inside of the attempt. */
  children: ChildRunner | null;
  sink: Sink;
  cancellation: Cancellation;
  place: ChildPlace;
  bar: BarTarget;
  status(text: string, level?: StatusLevel): void;
  waitTime: WaitTime;
  clock: Clock;
  /** Cancels the operation. */
  signal: AbortSignal;
}

export function noChildren(): Error {
  return new Error("p.operation: nothing here can run an operation inside of another one");
}
