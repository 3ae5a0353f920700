/** A run while it runs, as `startOperation` returns it. */

import type { OperationClass } from "../../../ops/sdk/live-operation.js";
import type { StagesOf } from "../../../ops/sdk/statics.js";
import type { OperationEvent } from "../../../protocol/event.js";
import type { LogLine } from "../../../protocol/operation.js";
import type { OperationRun, StageRun } from "./operation-run.js";

export type EventType = OperationEvent["type"];
export type EventOf<E extends EventType> = Extract<OperationEvent, { type: E }>;

/** When to cancel: as a stage starts, as an event happens, or as a log line appears. */
export type CancelAt = { stage: string } | { event: EventType } | { log: string | RegExp };

/** A run that `startOperation` began. */
export interface RunningOperation<T extends OperationClass = OperationClass>
  extends AsyncDisposable {
  /**
   * Resolves when the operation has ended, however it ended. Rejects if the parameters are not
   * valid.
   */
  readonly finished: Promise<OperationRun<T>>;
  /** Every event until now, in order. */
  readonly events: readonly OperationEvent[];
  /** Every log line until now. */
  readonly log: readonly LogLine[];
  /** The stages that were entered until now. */
  readonly stages: readonly StageRun[];

  /**
   * Requests a stop, as `liveops cancel` does; without effect after the end. Resolves when the
   * operation has ended.
   */
  cancel(): Promise<OperationRun<T>>;

  /**
   * Resolves once the stage has started; at once if it has already.
   *
   * @throws Error if the operation ends before that
   */
  untilStage(name: StagesOf<T>): Promise<void>;

  /**
   * Resolves with the first event of the type that fits.
   *
   * @throws Error if the operation ends before that
   */
  untilEvent<E extends EventType>(
    type: E,
    fits?: (event: EventOf<E>) => boolean,
  ): Promise<EventOf<E>>;

  /**
   * Resolves with the first log line that is the text, matches the pattern or fits.
   *
   * @throws Error if the operation ends before that
   */
  untilLog(wanted: string | RegExp | ((line: LogLine) => boolean)): Promise<LogLine>;

  /** Cancels the operation and waits for its end: `await using run = startOperation(…)`. */
  [Symbol.asyncDispose](): Promise<void>;
}
