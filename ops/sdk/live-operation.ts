/**
 * The base class of every operation type, and the interface `Progress` that `run` receives
 * (implemented in `attempt-progress.ts`).
 *
 * Only the runner constructs operations, through `constructing`. The base constructor reads its
 * values there, so that id and params exist before the field initialisers of a subclass run.
 */
import { FEATURE_FIELDS } from "../features.js";
import type { ExecOptions, ExecResult } from "./exec.js";
import type { OperationStatics, Params, ParamsInput, ResultOf, StagesOf } from "./statics.js";

/**
 * Values for the instance under construction: set by `constructing`, read by the base constructor.
 *
 * Set and read happen synchronously, so two operations cannot mix.
 */
interface Given {
  id: string;
  params: unknown;
  label: string | null;
  attempt: number;
  /** What features add. */
  fields?: object | undefined;
}

let current: Given | null = null;

/** Runs `construct`; the base constructor reads the given values. */
export function constructing<R>(given: Given, construct: () => R): R {
  const outer = current;
  current = given;
  try {
    return construct();
  } finally {
    current = outer;
  }
}

/** @throws Error if code other than liveops constructs an operation */
function currentOrder(name: string): Given {
  if (current === null)
    throw new Error(
      `only liveops creates instances of ${name}; to run it inside of this one: p.operation(${name}, …)`,
    );
  return current;
}

/** Level of a status line. */
export type StatusLevel = "info" | "success" | "warning" | "error";

/** Options of {@link Progress.track}. */
export interface TrackOptions<T = unknown> {
  /**
   * Number of units in total. Default: the length of an array, the size of a Set or Map, otherwise
   * unknown.
   */
  total?: number;
  /** Label shown before the bar, such as `"Rows"`. Default: none. */
  label?: string;
  /** Name of one unit, such as `"row"`; `"B"` is shown in KiB, MiB and so on. Default: none. */
  unit?: string;
  /** Number of units of an item, for example its bytes. Default: 1. */
  size?: (item: T) => number;
  /**
   * In a `resumable` type: names the item, so that a later attempt skips the items that are
   * finished. An item is finished when the loop asks for the next item. `index` counts from 0.
   * Default: a later attempt does all items again.
   */
  key?: (item: T, index: number) => string | number;
}

/** Options of {@link Progress.operation}. */
export interface OperationOptions {
  /**
   * Queue whose slot the operation waits for. Default: that of its type, otherwise that of this
   * operation.
   */
  queue?: string;
}

/** Options of {@link Progress.stage}. */
export interface StageOptions {
  /** Whether the operation goes on when the block throws. Default: false. */
  allowFailure?: boolean;
}

/** Options of {@link Progress.approve}. */
export interface ApproveOptions<C extends string = string> {
  /** Possible answers, 1 to 20 texts of one line. `"no"` rejects. Default: `["yes", "no"]`. */
  choices?: readonly C[];
  /** Seconds after which nobody can answer any more. Default: no limit. */
  timeout?: number;
  /** The answer after `timeout`. Default: none, so that `approve` throws. */
  default?: NoInfer<C>;
}

/** Options of {@link Progress.parallel}. */
export interface StepsOptions {
  /** Most steps that run at the same time, from 1 to 200. Default: the number of cores. */
  atOnce?: number;
  /**
   * What follows the first failure. `"stop"`: the other steps are ended as by a cancel, and those
   * that wait do not run. `"finish"`: all steps run. Default: `"stop"`.
   */
  onFailure?: "stop" | "finish";
}

/** Options of {@link Progress.each}. */
export interface EachOptions<T = unknown> extends StepsOptions {
  /**
   * Name of the step of an item; no two may be equal. Default: the item if it is a text or a
   * number, else its number.
   */
  name?: (item: T, index: number) => string;
}

/**
 * Reports of one step: as {@link Progress}, with a bar, a status and a name of its own in the log.
 * `signal` aborts also when another step failed.
 */
export interface StepProgress
  extends Pick<
    Progress,
    "track" | "percent" | "status" | "log" | "exec" | "operation" | "checkCancelled" | "signal"
  > {
  readonly name: string;
}

/** The second argument of `chainTo`; optional if every parameter of the type is optional. */
export type ChainArguments<T> =
  Record<never, never> extends ParamsInput<T>
    ? [params?: ParamsInput<T>]
    : [params: ParamsInput<T>];

/** The arguments of `operation` after the class; the parameters are optional as for `chainTo`. */
export type OperationArguments<T> =
  Record<never, never> extends ParamsInput<T>
    ? [params?: ParamsInput<T>, options?: OperationOptions]
    : [params: ParamsInput<T>, options?: OperationOptions];

/**
 * Reports the stages, progress, log and outcome of an operation. Reports are stored and shown live.
 *
 * @typeParam Op - the class of the operation, which gives the stage names: `Progress<StepA>`.
 *   Without it, any stage name is accepted.
 */
export interface Progress<Op = unknown> {
  /**
   * Runs the block as a stage of the operation and returns its value. The start of the stage is on
   * disk before the block starts, and its end before the promise resolves. Await the promise: only
   * one stage may be active.
   *
   * The stage ends as done, as cancelled (the block threw {@link OperationCancelled}) or as failed
   * (any other error). The error is thrown again. A name that `static stages` does not list still
   * runs, untracked.
   *
   * With `allowFailure`, an error of the block does not end the operation: the stage ends as an
   * allowed failure, the error goes to the log and the record, and the promise resolves to
   * `undefined`. {@link OperationCancelled}, and any error after a stop request, is thrown again as
   * without the option.
   *
   * In a `resumable` type, a stage that an earlier attempt finished does not run again: its stored
   * value is returned. A stage that ended as an allowed failure runs again.
   *
   * @throws Error `LIVEOPS_STAGE_ACTIVE` if another stage is active;
   *   `LIVEOPS_STAGE_VALUE_NOT_JSON` if a stage of a resumable type returned a value that JSON
   *   cannot represent, or that is larger than 16 MiB as JSON
   */
  stage<R>(
    name: StageName<Op>,
    block: () => R,
    options?: { readonly allowFailure?: false },
  ): Promise<Awaited<R>>;
  stage<R>(
    name: StageName<Op>,
    block: () => R,
    options: StageOptions,
  ): Promise<Awaited<R> | undefined>;

  /**
   * Records that the stage is skipped. The record and all screens show the reason. The skip is on
   * disk when the method returns. Nothing is stored: a later attempt decides anew.
   *
   * @param reason - why the stage is not needed, such as `"no new files"`; text after 4096
   *   characters is cut
   * @throws Error `LIVEOPS_STAGE_ACTIVE` if a stage is active
   */
  skip(name: StageName<Op>, reason: string): void;

  /**
   * Runs steps of the active stage side by side, and returns their values by name. Await the promise inside the block
   * of the stage. A step ends as done, failed, cancelled, or as ended by the failure of another step.
   *
   * ```ts
   * const { lint, test } = await p.stage("Check", () =>
   *   p.parallel({
   *     lint: (s) => s.exec("npm", ["run", "lint"]),
   *     test: (s) => s.exec("npm", ["test"]),
   *   }),
   * );
   * ```
   *
   * In a `resumable` type, a step that an earlier attempt finished does not run again: its stored value is returned.
   *
   * @throws the error of the step that failed; {@link StepsError} if several failed; Error outside of a stage; TypeError
   *   for a name that is empty, longer than 200 characters, or used twice in the stage; RangeError for more than 10,000
   *   steps
   */
  parallel<T extends Readonly<Record<string, (s: StepProgress) => unknown>>>(
    steps: T,
    options?: StepsOptions,
  ): Promise<{ -readonly [K in keyof T]: Awaited<ReturnType<T[K]>> }>;

  /**
   * As {@link Progress.parallel}, with a step for each item. Returns the values in the order of the
   * items.
   */
  each<T, R>(
    items: Iterable<T>,
    block: (item: T, s: StepProgress) => R,
    options?: EachOptions<T>,
  ): Promise<Awaited<R>[]>;

  /**
   * Asks a person, and returns the answer. In a `resumable` type only. The attempt ends at this call and gives back its
   * worker and its slot: code after it, `finally` blocks too, runs in the attempt after the answer, which comes to this
   * call again. A question that was answered is not asked again, unless its stage runs again.
   *
   * ```ts
   * await p.stage("Approve", () => p.approve("Roll out 4.2 to prod?", { timeout: 12 * 3600 }));
   * ```
   *
   * People answer with `liveops approve`, `liveops reject`, and in the dashboard. In `liveops run` the person at the
   * terminal is asked, and the attempt goes on.
   *
   * @param question - at most 500 characters
   * @throws Error `LIVEOPS_REJECTED` after a rejection; `LIVEOPS_APPROVAL_TIMEOUT` if nobody answered in time and there
   *   is no default; `LIVEOPS_CANNOT_ASK` in a type that is not resumable, or while a step or program runs
   */
  approve<const C extends string = "yes">(
    question: string,
    options?: ApproveOptions<C>,
  ): Promise<Exclude<C, "no">>;

  /**
   * Runs the block under a name that is not a stage, and returns its value. The stage stepper does
   * not change.
   */
  untracked<R>(name: string, block: () => R): Promise<Awaited<R>>;

  /**
   * Returns the same items and counts them on the progress bar as the loop takes them. Checks for
   * cancellation before each item. Never reads ahead; without a total, the bar shows a count and a
   * rate.
   *
   * With `key`, in a `resumable` type, the items that an earlier attempt with the same parameters
   * finished are skipped: their bodies do not run, and the bar begins with them. The item in
   * progress is done again, and after a kill the items of the last 10 ms too. Take the items one by
   * one: an item that a loop takes while the one before is still being worked on counts as its end.
   *
   * @throws {@link OperationCancelled} in the loop, after a stop was requested
   * @throws TypeError if `items` is not iterable; in the loop, if `key` returns neither a text
   *   nor a finite number
   * @throws RangeError in the loop, if a stage has more than 100,000 items with a `key`
   */
  track<T>(items: Iterable<T>, options?: TrackOptions<T>): Iterable<T>;
  track<T>(items: AsyncIterable<T>, options?: TrackOptions<T>): AsyncIterable<T>;

  /**
   * Sets the progress bar, from 0 to 100; a value outside is clamped. Calls are cheap: at most 10
   * values a second are sent, and always the last one. A value that is not a finite number (`NaN`
   * of 0/0) is ignored and logged once.
   */
  percent(value: number): void;

  /**
   * Sets the status line; text after 4096 characters is cut, and an empty text removes the line.
   * Calls are cheap: up to 20 are sent at once, then 10 a second, and always the last one.
   *
   * @param level - default: `"info"`
   * @throws TypeError if the level is unknown
   */
  status(text: string, level?: StatusLevel): void;

  /** Appends to the log; each line of the text becomes a log line. */
  log(line: string): void;

  /**
   * Sets the result: when `run` returns, the operation succeeds with this result. Call it once. An
   * operation may also call `chainTo`, before or after: the operation keeps its result, and the
   * next operation is queued.
   *
   * @param value - a JSON value, at most 1 MiB; an object with `toJSON` (a Date) is stored as its
   *   `toJSON` returns
   * @throws Error `LIVEOPS_RESULT_NOT_JSON`; `LIVEOPS_RESULT_TOO_LARGE`; `LIVEOPS_OUTCOME_SET` if
   *   result or error was called before (the message has the lines of both calls)
   */
  result(value: unknown): void;

  /**
   * Sets the outcome: when `run` returns, the operation fails with this message. Text after 65536
   * characters is cut.
   *
   * @throws Error `LIVEOPS_OUTCOME_SET` if result, error or chainTo was called before (the
   *   message has the lines of both calls)
   */
  error(message: string): void;

  /**
   * Sets the next operation: when `run` returns, this operation succeeds and the next operation of
   * the chain is queued. The next operation gets these parameters, and the working directory and
   * label of this operation. Call it once. An operation may also call `result`, before or after.
   *
   * @param params - JSON values, and dates, maps, sets and big integers where the schema of the
   *   type takes them; at most 1 MiB as JSON; default: none
   * @throws Error `LIVEOPS_OUTCOME_SET` if chainTo or error was called before (the message has
   *   the lines of both calls); `LIVEOPS_PARAMS_INVALID` if the parameters are not JSON or too
   *   large. Parameters that the type does not accept fail this operation
   *   (`LIVEOPS_PARAMS_INVALID`) when `run` returns, and the next operation is not started.
   */
  chainTo<T extends OperationClass>(type: T, ...params: ChainArguments<T>): void;

  /**
   * As `chainTo` with a class, by the name of the type, which is found as for `liveops submit` when
   * `run` returns. Without such a type this operation fails with `LIVEOPS_CHAIN_TYPE`. Not in
   * `liveops/testing`.
   *
   * @param params - JSON values
   */
  chainTo(op: string, params?: Readonly<Record<string, unknown>>): void;

  /**
   * Runs a program and returns how it ended. Its output goes to the log line by line, with its
   * colours; standard input is empty. Await the promise: an operation that ends before the program
   * fails, and the program is stopped. Several programs may run at the same time.
   *
   * A stop request ends the whole process group of the program: SIGTERM, the grace period, SIGKILL.
   *
   * @param command - a program on the PATH, or its path; no shell is used
   * @param args - default: none
   * @throws {@link ExecError} if the program exits with another code than 0, or by a signal, and
   *   `check` is not false
   * @throws {@link OperationCancelled} after a stop was requested; the reason of `options.signal`
   *   after that aborted
   * @throws Error with the `code` of the system, such as `ENOENT`, if the program or its
   *   directory is missing or not permitted; RangeError if it printed more than 1 MiB with
   *   `capture`
   */
  exec(
    command: string,
    args: readonly string[] | undefined,
    options: ExecOptions & { capture: true },
  ): Promise<ExecResult & { stdout: string }>;
  exec(command: string, args?: readonly string[], options?: ExecOptions): Promise<ExecResult>;

  /**
   * Runs an operation inside of this one, and returns its result; of a chain, the result of the last operation. Await
   * the promise.
   *
   * ```ts
   * const { image } = await p.stage("Build", () => p.operation(Build, { target: "arm64" }));
   * ```
   *
   * The operation has its own record, log and stages, and the label, variables and directory of this one. It needs no
   * slot of its queue while this operation has one there and nothing else uses that slot. Its bar and status are those of
   * the stage or step, and the time until it starts is not in their seconds. A cancel of this operation cancels it.
   *
   * A later attempt that comes to the same call with the same parameters goes on with the same operation: it gets the
   * result of one that has succeeded, and retries one that failed.
   *
   * In `liveops run` and `liveops/testing`, it runs in this process, several run one after another, and a later attempt
   * begins it anew. Code of a step beside it sees its variables and its directory.
   *
   * @throws the error of the operation, with its place in the message (`Build › Compile: …`), and its code;
   *   {@link OperationCancelled} after a stop was requested; Error `LIVEOPS_CHILD_CANCELLED` if somebody cancelled the
   *   operation alone; Error if its parameters or its queue are refused
   */
  operation<T extends OperationClass>(
    type: T,
    ...args: OperationArguments<T>
  ): Promise<ResultOf<T>>;

  /**
   * As `operation` with a class, by the name of the type, which is found as for `liveops submit`.
   */
  operation(
    op: string,
    params?: Readonly<Record<string, unknown>>,
    options?: OperationOptions,
  ): Promise<unknown>;

  /**
   * Checks for a stop request. Cheap enough for every turn of a loop. A loop that never awaits can
   * detect a stop only with this method or `track`.
   *
   * @throws {@link OperationCancelled} after a stop was requested
   */
  checkCancelled(): void;

  /** Aborts when a stop is requested; its reason is an {@link OperationCancelled}. */
  readonly signal: AbortSignal;
}

declare const STATICS: unique symbol;
declare const TYPE: unique symbol;

/**
 * The base class of an operation type: declare stages and parameters as statics, and the work as `run`.
 *
 * Pass the class itself as the type argument, so that the compiler checks stage names, parameters and chains:
 *
 * ```ts
 * export class Import extends LiveOperation<typeof Import> {
 *   static stages = ["Load", "Save"] as const;
 *   static params = z.object({ path: z.string() });
 *
 *   async run(p: Progress<Import>) {
 *     const rows = await p.stage("Load", () => load(this.params.path));
 *     await p.stage("Save", () => save(rows));
 *   }
 * }
 * ```
 *
 * Every exported subclass in a file of an operations directory is an operation type. Only liveops creates instances.
 *
 * @typeParam T - `typeof` the class itself; see {@link OperationStatics} for its statics
 */
export abstract class LiveOperation<T extends OperationStatics = OperationStatics> {
  /**
   * Only for the compiler: {@link Progress} reads the statics here. The property does not exist at
   * run time.
   */
  declare readonly [STATICS]: T;
  /** Only for the compiler: marks the class as an operation type. */
  declare static readonly [TYPE]: true;

  /** The id of the operation: 12 characters of 0-9a-z, the first a letter. */
  readonly id: string;
  /** The parameters, parsed by `static params`, with defaults. */
  readonly params: Params<T>;
  /** The label of the submit; null without a label. */
  readonly label: string | null;
  /** The number of this attempt, from 1. */
  readonly attempt: number;
  constructor() {
    const { id, params, label, attempt, fields } = currentOrder(new.target.name);
    this.id = id;
    this.params = params as Params<T>;
    this.label = label;
    this.attempt = attempt;
    Object.assign(this, FEATURE_FIELDS, fields);
  }

  /**
   * Does the work. If it returns, the operation succeeds, with the result of `p.result` and the
   * next operation of `p.chainTo`, or fails with the message of `p.error`. If it throws, the
   * operation fails; if it throws {@link OperationCancelled}, it is cancelled.
   */
  // biome-ignore lint/suspicious/noExplicitAny: every subclass narrows it to its own Progress
  abstract run(p: Progress<any>): void | Promise<void>;
}

/** Any operation type: a class that extends {@link LiveOperation}. */
export type OperationClass = OperationStatics & { readonly [TYPE]: true };

/** The stage names that `p.stage` accepts; any string if the stages are not declared `as const`. */
export type StageName<Op> = Op extends { readonly [STATICS]: infer T } ? StagesOf<T> : string;

/** Several steps of `p.parallel` or `p.each` failed. */
export class StepsError extends Error {
  override name = "StepsError";

  constructor(
    message: string,
    /** Names of the steps that failed, in the order of their failures. */
    readonly steps: readonly string[],
    /** Their errors. */
    readonly errors: readonly unknown[],
  ) {
    super(message);
  }
}

/**
 * Thrown by `p.checkCancelled()` and `p.track` after a stop was requested; also the reason of
 * `p.signal`. Do not catch it, or throw it again: the stage and the operation then end as
 * cancelled. An operation may throw it itself.
 */
export class OperationCancelled extends Error {
  override name = "OperationCancelled";

  constructor(message = "the operation was cancelled") {
    super(message);
  }
}
