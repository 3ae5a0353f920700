/** `runOperation` and `startOperation`: one attempt of an operation in this process, with the runner of the worker. */
import { resolve } from "node:path";
import { NO } from "../../../protocol/approval.js";
import { Refusal } from "../../../protocol/errors.js";
import { newId } from "../../../protocol/id.js";
import { stageAndStep } from "../../../protocol/step-names.js";
import { nearest } from "../../../protocol/text/nearest.js";
import { unknownStage } from "../../../protocol/text/unknown-name.js";
import type { Ask } from "../../attempt/approvals.js";
import type { Clock } from "../../attempt/clock.js";
import { MemoryStageValues } from "../../attempt/memory-values.js";
import type { OperationClass } from "../../sdk/live-operation.js";
import type { ParamsInput } from "../../sdk/statics.js";
import { prepareSubmission } from "../../types/prepare.js";
import { isOperationType, type OperationCtor } from "../../types/read-type.js";
import { type NextOperation, type OperationRun, submissionOf } from "./operation-run.js";
import type { CancelAt, RunningOperation } from "./running-operation.js";
import { keptOf, type Prepared, StartedOperation } from "./started-operation.js";

/** How to run the operation. All are optional. */
export interface RunOptions {
  /** Default: a new id. */
  id?: string;
  /** Default: none. */
  label?: string;
  /** The number of the attempt, from 1. Default: 1, or one more than that of `resumeFrom`. */
  attempt?: number;
  /** `name=value` arguments, as `liveops submit` takes them; they override the parameters. */
  set?: string[];
  /** Directory of the operation. Default: that of this process. Another one changes the process during the run. */
  cwd?: string;
  /** Variables to add to the environment of this process during the run. Default: none. */
  env?: Record<string, string>;
  /** Default: the system's clock. A `FakeClock` makes times exact and never waits. */
  clock?: Clock;
  /** Seconds after which the attempt is stopped; null: no limit. Default: `static timeout`. */
  timeout?: number | null;
  /**
   * Answers `p.approve`: a choice for all questions, or a function of the question and its choices. A promise that never
   * settles is nobody's answer: the `timeout` of the question passes. Default: `p.approve` throws `LIVEOPS_CANNOT_ASK`.
   */
  approve?: string | ((question: string, choices: readonly string[]) => string | Promise<string>);
  /** Cancels the operation at this point, before anything else happens. Default: never. */
  cancelAt?: CancelAt;
  /** An earlier run that failed or was cancelled: this run is its next attempt, as after `liveops retry`. */
  resumeFrom?: OperationRun;
  /** With `resumeFrom`: the stage to start from, or `Stage/step`, as `liveops retry --from`. Default: all stored values count. */
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
 * @throws TypeError for an unknown option, and for a stage of `cancelAt` that is not declared and was not entered
 */
export function runOperation<T extends OperationClass>(
  type: T,
  params: ParamsInput<T>,
  options: RunOptions & { chain: true },
): Promise<[OperationRun<T>, ...OperationRun[]]>;
export function runOperation<T extends OperationClass>(
  type: T,
  ...args: RunArguments<T>
): Promise<OperationRun<T>>;
export function runOperation(
  next: NextOperation,
  options: RunOptions & { chain: true },
): Promise<[OperationRun, ...OperationRun[]]>;
/** Runs the next operation of a chain: `run.next`. */
export function runOperation(next: NextOperation, options?: RunOptions): Promise<OperationRun>;
export async function runOperation(
  first: OperationClass | NextOperation,
  ...words: unknown[]
): Promise<OperationRun | OperationRun[]> {
  const run = await start(first, words).finished;
  const options = optionsOf(first, words);
  if (options.chain !== true) return reached([run], options) && run;
  const runs = [run];
  // The rest of the chain is not a later attempt, and is cancelled only if the first operation was not.
  const { clock, env, cancelAt, approve } = options;
  const rest = {
    ...(approve && { approve }),
    ...(clock && { clock }),
    ...(env && { env }),
    ...(cancelAt && { cancelAt }),
  };
  for (let next = run.next; next !== null; next = runs.at(-1)!.next)
    runs.push(await start(next, [rest]).finished);
  return reached(runs, options) && runs;
}

/**
 * @throws TypeError if the runs succeeded, and the stage of `cancelAt` is neither declared nor was entered: the name is
 *   mistyped
 */
function reached(runs: readonly OperationRun[], { cancelAt }: Options): true {
  if (cancelAt === undefined || !("stage" in cancelAt)) return true;
  const { stage } = cancelAt;
  const isKnown = runs.some(
    (run) =>
      run.state !== "succeeded" ||
      run.record.stages.includes(stage) ||
      run.stages.some(({ name }) => name === stage),
  );
  if (isKnown) return true;
  const { message } = unknownStage(stage, runs.map(({ op }) => op).join(", "), [
    ...new Set(runs.flatMap((run) => run.record.stages)),
  ]);
  throw new TypeError(`cancelAt: ${message}`);
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
export function startOperation(next: NextOperation, options?: RunOptions): RunningOperation;
export function startOperation(first: OperationClass | NextOperation, ...words: unknown[]): RunningOperation {
  return start(first, words);
}

type Options = RunOptions & { chain?: boolean };

function start(first: OperationClass | NextOperation, words: unknown[]): RunningOperation {
  const options = optionsOf(first, words);
  checkOptions(options);
  const type = typeof first === "function" ? first : (first as NextOperation).type;
  if (!isOperationType(type)) throw new TypeError("runOperation takes an operation type: a class");
  const params = typeof first === "function" ? (words[0] as Record<string, unknown> | undefined) : undefined;
  const prepare = () => prepared(type, first, params, options);
  return new StartedOperation(type as unknown as OperationClass, prepare, options.cancelAt ?? null);
}

const OPTIONS = {
  id: true,
  label: true,
  attempt: true,
  set: true,
  cwd: true,
  env: true,
  clock: true,
  timeout: true,
  approve: true,
  cancelAt: true,
  resumeFrom: true,
  from: true,
  chain: true,
} satisfies Record<keyof Options, true>;

/** Code in JavaScript is not checked by a compiler. */
function checkOptions(options: Options): void {
  const known = Object.keys(OPTIONS);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const [near] = nearest(unknown, known);
  const hint = near === undefined ? `options: ${known.join(", ")}` : `did you mean ${near}?`;
  throw new TypeError(`runOperation has no option ${JSON.stringify(unknown)}; ${hint}`);
}

function optionsOf(first: OperationClass | NextOperation, words: unknown[]): Options {
  return (words[typeof first === "function" ? 1 : 0] ?? {}) as Options;
}

async function prepared(
  Type: OperationCtor,
  first: OperationClass | NextOperation,
  params: Record<string, unknown> | undefined,
  options: Options,
): Promise<Prepared> {
  const { env = null, clock, timeout } = options;
  const time = {
    ...(clock && { clock }),
    ...(timeout !== undefined && { timeout }),
    ask: options.approve === undefined ? NOBODY : askedBy(options.approve),
  };
  if (options.resumeFrom !== undefined) return retried(Type, params, options, options.resumeFrom, time);
  const submission =
    typeof first === "function"
      ? await submitted(Type, params, options)
      : chained(first as NextOperation, options);
  const attempt = options.attempt ?? 1;
  const values = new MemoryStageValues(submission.params, attempt);
  return { Type, submission, values, env, options: { ...time, attempt } };
}

const NOBODY = 'the test answers no question: give approve, such as { approve: "yes" }';

function askedBy(approve: NonNullable<RunOptions["approve"]>): Ask {
  return async ({ question, choices }) => {
    const choice = typeof approve === "string" ? approve : await approve(question, choices);
    if (choice === NO || choices.includes(choice)) return { choice, by: "test" };
    throw new TypeError(`approve: ${JSON.stringify(choice)} is none of the choices ${choices.join(", ")}`);
  };
}

function submitted(Type: OperationCtor, params: Record<string, unknown> | undefined, options: Options) {
  const { id = newId(), label, cwd = ".", set } = options;
  const chain = { id, index: 0, previous: null, next: null };
  return prepareSubmission(Type, { params, set }, { id, label: label || null, cwd: resolve(cwd), chain });
}

function chained(next: NextOperation, { cwd, label }: Options): Prepared["submission"] {
  const submission = submissionOf(next);
  if (submission === undefined)
    throw new TypeError("runOperation takes an operation type, or the `next` of an earlier run");
  return {
    ...submission,
    ...(cwd !== undefined && { cwd: resolve(cwd) }),
    ...(label !== undefined && { label }),
  };
}

/** The next attempt of an earlier run. */
async function retried(
  Type: OperationCtor,
  params: Record<string, unknown> | undefined,
  options: Options,
  earlier: OperationRun,
  time: Prepared["options"],
): Promise<Prepared> {
  const before = keptOf(earlier);
  if (before === undefined) throw new TypeError("resumeFrom takes a run of runOperation or startOperation");
  if (earlier.state === "succeeded")
    throw new Refusal("LIVEOPS_WRONG_STATE", `${earlier.op} succeeded, so it cannot be retried`);
  const { env = null, from = null, set, cwd, label } = options;
  if (from !== null && stageAndStep(from, earlier.record.stages) === null)
    throw new Refusal(
      "LIVEOPS_BAD_REQUEST",
      `${earlier.op} has no stage "${from}"; it has ${earlier.record.stages.join(", ")}`,
    );
  const { chain } = before.submission;
  const submission = await prepareSubmission(
    Type,
    { params: params ?? before.submission.params, set },
    {
      id: earlier.id,
      label: label ?? before.submission.label,
      cwd: cwd === undefined ? before.submission.cwd : resolve(cwd),
      chain,
    },
  );
  const attempt = options.attempt ?? earlier.attempt + 1;
  const kept = before.values.before(from, submission.stages);
  const values = new MemoryStageValues(submission.params, attempt, kept);
  const { stages, title } = submission;
  const record = { ...earlier.record, params: submission.params, stages, title };
  return { Type, submission, values, env, options: { ...time, attempt, retried: { record, from } } };
}
