/** What a run of an operation under test gives: its outcome, and everything that it reported. */

import type { OperationClass } from "../../../ops/sdk/live-operation.js";
import type { ParamsInput, ResultOf } from "../../../ops/sdk/statics.js";
import { typeOfSubmission } from "../../../ops/types/prepare.js";
import type { OperationEvent, Outcome, Submission } from "../../../protocol/event.js";
import type {
  LogLine,
  LogStream,
  Operation,
  OperationError,
  ProgressState,
  Status,
} from "../../../protocol/operation.js";
import type { StageState } from "../../../protocol/stage-state.js";
import type { FinalState } from "../../../protocol/state.js";

/** One run of a stage's block, tracked or not. */
export interface StageRun {
  readonly name: string;
  /** Index into the stages of the type; null: an untracked stage. */
  readonly index: number | null;
  readonly state: StageState;
  /** The block did not run: the value of an earlier attempt was returned. */
  readonly resumed: boolean;
  /**
   * Why the block did not run: the stage was skipped, or an earlier attempt did it; otherwise null.
   */
  readonly reason: string | null;
  /** The error of an allowed failure; otherwise null. */
  readonly error: OperationError | null;
  /** ISO 8601, by the clock of the run. */
  readonly startedAt: string;
  /** Null while the block runs. */
  readonly finishedAt: string | null;
  /** Seconds; null while the block runs. */
  readonly seconds: number | null;
}

/** A value of the progress bar, as it was sent. */
export interface ProgressValue {
  /** The stage whose block ran; null: none. */
  readonly stage: string | null;
  readonly percent: number;
  /** Count, total, rate and so on of a tracked loop; null after `p.percent`. */
  readonly progress: ProgressState | null;
}

/** The operation that `p.chainTo` starts. Pass it to `runOperation` to run it. */
export interface NextOperation {
  readonly type: OperationClass;
  readonly op: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A finished run. */
export interface OperationRun<T extends OperationClass = OperationClass> {
  readonly type: T;
  readonly op: string;
  readonly id: string;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** The accepted parameters, before defaults. */
  readonly params: ParamsInput<T>;
  readonly state: FinalState;
  /** What `p.result` got, as JSON gives it back; null without a result. */
  readonly result: ResultOf<T>;
  /** Why the operation failed; otherwise null. */
  readonly error: OperationError | null;
  /** The next operation of the chain; null: none. */
  readonly next: NextOperation | null;
  /** Every event, as the daemon would store it, in order. */
  readonly events: readonly OperationEvent[];
  /** Every log line, also what the operation wrote to stdout and stderr. */
  readonly log: readonly LogLine[];
  /**
   * The runs of `p.operation`, with those of their chains, in order. Their events and lines are not
   * in this run.
   */
  readonly children: readonly OperationRun[];
  /** The stages that were entered, in order. */
  readonly stages: readonly StageRun[];
  /** Every value of the progress bar. */
  readonly progress: readonly ProgressValue[];
  /** Every status. */
  readonly statuses: readonly Status[];
  /** The record, as the daemon would return it. */
  readonly record: Operation;
  /**
   * The text of the log lines.
   *
   * @param stream - only lines of this stream: `log` (p.log), `stdout`, `stderr` or `liveops`.
   *   Default: all
   */
  texts(stream?: LogStream): string[];
}

/** The stages as events show them, until now. */
export function stagesOf(events: readonly OperationEvent[]): StageRun[] {
  const stages: StageRun[] = [];
  for (const event of events) {
    if (event.type === "stage:entered") {
      const { stage: name, index, at } = event;
      const open = {
        state: "active",
        resumed: false,
        reason: null,
        error: null,
        finishedAt: null,
        seconds: null,
      } as const;
      stages.push({ name, index, startedAt: at, ...open });
    }
    if (event.type !== "stage:left") continue;
    const at = stages.findLastIndex(
      ({ name, state }) => name === event.stage && state === "active",
    );
    const { state, resumed, seconds, reason = null, error = null } = event;
    if (at !== -1)
      stages[at] = { ...stages[at]!, state, resumed, reason, error, seconds, finishedAt: event.at };
  }
  return stages;
}

export function progressOf(events: readonly OperationEvent[]): ProgressValue[] {
  const open: string[] = [];
  const values: ProgressValue[] = [];
  for (const event of events) {
    if (event.type === "stage:entered") open.push(event.stage);
    if (event.type === "stage:left") open.splice(open.lastIndexOf(event.stage), 1);
    if (event.type !== "progress:changed" || event.step !== undefined) continue;
    const { percent, progress } = event;
    values.push({ stage: open.at(-1) ?? null, percent, progress });
  }
  return values;
}

const submissions = new WeakMap<NextOperation, Submission>();

export function nextOf({ next }: Pick<Outcome, "next">): NextOperation | null {
  if (next === null) return null;
  const type = typeOfSubmission(next) as unknown as OperationClass;
  const handle = { type, op: next.op, params: next.params };
  submissions.set(handle, next);
  return handle;
}

/** The submission of a `next`; undefined: the value is no `next` of a run. */
export function submissionOf(next: NextOperation): Submission | undefined {
  return submissions.get(next);
}
