/**
 * `runOperation` and `startOperation`: one attempt of an operation in this process, with the runner
 * of the worker.
 */
import { resolve } from "node:path";
import type { Ask } from "../../../ops/attempt/approvals.js";
import type { Clock } from "../../../ops/attempt/clock.js";
import { MemoryStageValues } from "../../../ops/attempt/memory-values.js";
import type { OperationClass } from "../../../ops/sdk/live-operation.js";
import type { ParamsInput } from "../../../ops/sdk/statics.js";
import { prepareSubmission } from "../../../ops/types/prepare.js";
import { isOperationType, type OperationCtor } from "../../../ops/types/read-type.js";
import { NO } from "../../../protocol/approval.js";
import { newId } from "../../../protocol/id.js";
import { type NextOperation, type OperationRun, submissionOf } from "./operation-run.js";
import type { CancelAt, RunningOperation } from "./running-operation.js";
import { keptOf, type Prepared, StartedOperation } from "./started-operation.js";

/** How to run the operation. All are optional. */
export interface RunOptions {
  /** Default: a new id. */
  id?: string;
  /** `name=value` arguments, as `liveops submit` takes them; they override the parameters. */
  set?: string[];
  /**
   * Directory of the operation. Default: that of this process. Another one changes the process
   * during the run.
   */
  cwd?: string;
  /** Variables to add to the environment of this process during the run. Default: none. */
  env?: Record<string, string>;
  /** Default: the system's clock. A `FakeClock` makes times exact and never waits. */
  clock?: Clock;
  /** Seconds after which the attempt is stopped; null: no limit. Default: `static timeout`. */
  timeout?: number | null;
  /**
   * Answers `p.approve`: a choice for all questions, or a function of the question and its choices.
   * A promise that never settles is nobody's answer: the `timeout` of the question passes. Default:
   * `p.approve` throws `LIVEOPS_CANNOT_ASK`.
   */
  approve?: string | ((question: string, choices: readonly string[]) => string | Promise<string>);
  /** Cancels the operation at this point, before anything else happens. Default: never. */
  cancelAt?: CancelAt;
  /**
   * An earlier run that failed or was cancelled: this run is its next attempt, as after `liveops
   * retry`.
   */
  resumeFrom?: OperationRun;
  /**
   * With `resumeFrom`: the stage to start from, or `Stage/step`, as `liveops retry --from`.
   * Default: all stored values count.
   */
  from?: string;
}

/** Parameters and options; the parameters may be left out if the type needs none. */
export type RunArguments<T> =
  Record<never, never> extends ParamsInput<T>
    ? [params?: ParamsInput<T>, options?: RunOptions]
    : [params: ParamsInput<T>, options?: RunOptions];

/**
 * Runs an operation to its end.
 *
 * ```ts
 * const run = await runOperation(Import, { path: "users.csv" }, { clock: new FakeClock() });
 * assert.equal(run.state, "succeeded");
 * ```
 *
 * An operation that fails or is cancelled does not reject: see `state` and `error`.
 *
 * @param params - parsed with `static params`, as a submit does
 * @throws Error with the code `LIVEOPS_PARAMS_INVALID` and a list of the problems, if the parameters are not valid
 */
export function runOperation<T extends OperationClass>(
  type: T,
  ...args: RunArguments<T>
): Promise<OperationRun<T>>;
/** Runs the next operation of a chain: `run.next`. */
export function runOperation(next: NextOperation, options?: RunOptions): Promise<OperationRun>;
export function runOperation(
  first: OperationClass | NextOperation,
  ...words: unknown[]
): Promise<OperationRun> {
  return start(first, words).finished;
}

/**
 * Starts an operation, to look at it while it runs.
 *
 * ```ts
 * const run = startOperation(Import, { path: "users.csv" });
 * await run.untilStage("Save");
 * run.cancel();
 * assert.equal((await run.finished).state, "cancelled");
 * ```
 */
export function startOperation<T extends OperationClass>(
  type: T,
  ...args: RunArguments<T>
): RunningOperation<T>;
export function startOperation(type: OperationClass, ...words: unknown[]): RunningOperation {
  return start(type, words);
}

function start(first: OperationClass | NextOperation, words: unknown[]): RunningOperation {
  const options = optionsOf(first, words);
  const type = typeof first === "function" ? first : (first as NextOperation).type;
  if (!isOperationType(type)) throw new TypeError("runOperation takes an operation type: a class");
  const params =
    typeof first === "function" ? (words[0] as Record<string, unknown> | undefined) : undefined;
  const prepare = () => prepared(type, first, params, options);
  return new StartedOperation(type as unknown as OperationClass, prepare, options.cancelAt ?? null);
}

function optionsOf(first: OperationClass | NextOperation, words: unknown[]): RunOptions {
  return (words[typeof first === "function" ? 1 : 0] ?? {}) as RunOptions;
}

async function prepared(
  Type: OperationCtor,
  first: OperationClass | NextOperation,
  params: Record<string, unknown> | undefined,
  options: RunOptions,
): Promise<Prepared> {
  const { env = null, clock, timeout } = options;
  const time = {
    ...(clock && { clock }),
    ...(timeout !== undefined && { timeout }),
    ask: options.approve === undefined ? NOBODY : askedBy(options.approve),
  };
  if (options.resumeFrom !== undefined)
    return retried(Type, params, options, options.resumeFrom, time);
  const submission =
    typeof first === "function"
      ? await submitted(Type, params, options)
      : chained(first as NextOperation, options);
  const values = new MemoryStageValues(submission.params, 1);
  return { Type, submission, values, env, options: { ...time, attempt: 1 } };
}

const NOBODY = 'the test answers no question: give approve, such as { approve: "yes" }';

function askedBy(approve: NonNullable<RunOptions["approve"]>): Ask {
  return async ({ question, choices }) => {
    const choice = typeof approve === "string" ? approve : await approve(question, choices);
    if (choice === NO || choices.includes(choice)) return { choice, by: "test" };
    throw new TypeError(
      `approve: ${JSON.stringify(choice)} is none of the choices ${choices.join(", ")}`,
    );
  };
}

function submitted(
  Type: OperationCtor,
  params: Record<string, unknown> | undefined,
  options: RunOptions,
) {
  const { id = newId(), cwd = ".", set } = options;
  const chain = { id, index: 0, previous: null, next: null };
  return prepareSubmission(Type, { params, set }, { id, label: null, cwd: resolve(cwd), chain });
}

function chained(next: NextOperation, { cwd }: RunOptions): Prepared["submission"] {
  const submission = submissionOf(next);
  if (submission === undefined)
    throw new TypeError("runOperation takes an operation type, or the `next` of an earlier run");
  return { ...submission, ...(cwd !== undefined && { cwd: resolve(cwd) }) };
}

/** The next attempt of an earlier run. */
async function retried(
  Type: OperationCtor,
  params: Record<string, unknown> | undefined,
  options: RunOptions,
  earlier: OperationRun,
  time: Prepared["options"],
): Promise<Prepared> {
  const before = keptOf(earlier);
  if (before === undefined)
    throw new TypeError("resumeFrom takes a run of runOperation or startOperation");
  const { env = null, from = null, set, cwd } = options;
  const { chain } = before.submission;
  const submission = await prepareSubmission(
    Type,
    { params: params ?? before.submission.params, set },
    {
      id: earlier.id,
      label: before.submission.label,
      cwd: cwd === undefined ? before.submission.cwd : resolve(cwd),
      chain,
    },
  );
  const attempt = earlier.attempt + 1;
  const kept = before.values.before(from, submission.stages);
  const values = new MemoryStageValues(submission.params, attempt, kept);
  const { stages, title } = submission;
  const record = { ...earlier.record, params: submission.params, stages, title };
  return {
    Type,
    submission,
    values,
    env,
    options: { ...time, attempt, retried: { record, from } },
  };
}
