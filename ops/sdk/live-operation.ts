/**
 * The base class of every operation type, and `Progress`, which `run` is given; `attempt-progress.ts` implements it.
 *
 * The runner constructs it through `constructing` and nothing else does: the base constructor reads what it is
 * given there, so that id and params exist before a subclass's field initialisers run.
 */
import type { OperationStatics, Params, ParamsInput, StagesOf } from "./statics.js";

/**
 * What the instance being constructed is given: set by `constructing`, read by the base constructor.
 *
 * Synchronous from set to read, so no two operations can mix.
 */
interface Given {
  id: string;
  params: unknown;
  label: string | null;
  attempt: number;
}

let current: Given | null = null;

/** Runs `construct` with what the base constructor is to read. */
export function constructing<R>(given: Given, construct: () => R): R {
  const outer = current;
  current = given;
  try {
    return construct();
  } finally {
    current = outer;
  }
}

/** @throws Error when an operation is constructed by anything but liveops. */
function currentOrder(name: string): Given {
  if (current === null)
    throw new Error(
      `liveops makes the instances of ${name}; to start another operation: p.chainTo(${name}, …)`,
    );
  return current;
}

/** How a status line is meant. */
export type StatusLevel = "info" | "success" | "warning" | "error";

/** Options of {@link Progress.track}. */
export interface TrackOptions<T = unknown> {
  /** How many units there are in all. Default: an array's length, a Set's or Map's size, else unknown. */
  total?: number;
  /** What is counted, shown before the bar: `"Rows"`. */
  label?: string;
  /** One of what is counted: `"row"`; `"B"` is shown in KiB, MiB and so on. */
  unit?: string;
  /** How many units an item counts for, for example its bytes. Default: 1. */
  size?: (item: T) => number;
}

/** The second argument of `chainTo`: it may be left out where every parameter may. */
export type ChainArguments<T> =
  Record<never, never> extends ParamsInput<T> ? [params?: ParamsInput<T>] : [params: ParamsInput<T>];

/**
 * How an operation says where it is. Everything it says is stored and shown live.
 *
 * @typeParam Op - the operation's own class, which gives the stage names: `Progress<StepA>`. Without it any name
 *   is accepted.
 */
export interface Progress<Op = unknown> {
  /**
   * Runs the block as a stage of the operation and returns what it returns. That the stage began is on disk before
   * the block starts, and that it ended before this returns. Await it: stages are flat, one at a time.
   *
   * The stage ends as done, as cancelled (the block threw {@link OperationCancelled}) or as failed (anything else);
   * what was thrown goes on. A name that `static stages` does not have still runs, untracked.
   *
   * In a `resumable` type a stage that an earlier attempt finished is not run again: its value is returned.
   *
   * @throws Error `LIVEOPS_STAGE_ACTIVE` while another stage is active; `LIVEOPS_STAGE_VALUE_NOT_JSON` where a
   *   resumable stage returned what JSON cannot hold, or more than 16 MiB of it.
   */
  stage<R>(name: StageName<Op>, block: () => R): Promise<Awaited<R>>;

  /** Runs the block under a heading that is no stage: the stepper does not change. */
  untracked<R>(name: string, block: () => R): Promise<Awaited<R>>;

  /**
   * The same items, counted on the progress bar as they are taken. Checks for cancellation before each item; never
   * reads ahead, so without a total the bar shows a count and a rate.
   *
   * @throws {@link OperationCancelled} from the loop once the operation is asked to stop.
   */
  track<T>(items: Iterable<T>, options?: TrackOptions<T>): Iterable<T>;
  track<T>(items: AsyncIterable<T>, options?: TrackOptions<T>): AsyncIterable<T>;

  /**
   * Sets the bar, 0 to 100; what is beyond counts as the nearer end. Call it as often as you like: it is sent at most
   * 10 times a second, the last one always. What is no finite number (`NaN` of 0/0) changes nothing, and the log says
   * so once.
   */
  percent(value: number): void;

  /**
   * Sets the one line that says what goes on. Call it as often as you like: 20 are sent at once and then 10 a second,
   * the last one always.
   */
  status(text: string, level?: StatusLevel): void;

  /** Adds to the log; a text of several lines is several lines. */
  log(line: string): void;

  /**
   * Ends the operation, once `run` returns, as succeeded with this result.
   *
   * @param value - what JSON can hold; what has `toJSON` (a Date) is stored as that says.
   * @throws Error `LIVEOPS_RESULT_NOT_JSON`; `LIVEOPS_OUTCOME_SET` when result, error or chainTo was called before.
   */
  result(value: unknown): void;

  /**
   * Ends the operation, once `run` returns, as failed with this message.
   *
   * @throws Error `LIVEOPS_OUTCOME_SET` when result, error or chainTo was called before.
   */
  error(message: string): void;

  /**
   * Ends the operation, once `run` returns, as succeeded, and starts the given one as the next of the chain: with
   * these parameters and this operation's directory and label. Whoever watches is handed over to it.
   *
   * @throws Error `LIVEOPS_OUTCOME_SET` when result, error or chainTo was called before. Parameters that do not fit
   *   fail this operation (`LIVEOPS_PARAMS_INVALID`) and the next one is not started.
   */
  chainTo<T extends OperationClass>(type: T, ...params: ChainArguments<T>): void;

  /**
   * @throws {@link OperationCancelled} once the operation is asked to stop. Cheap enough for every turn of a loop;
   *   the only way a loop that never awaits can learn of it.
   */
  checkCancelled(): void;

  /** Aborted, with an {@link OperationCancelled} as its reason, once the operation is asked to stop. */
  readonly signal: AbortSignal;
}

declare const STATICS: unique symbol;
declare const TYPE: unique symbol;

/**
 * A long operation: declare its stages and parameters as statics, its work as `run`.
 *
 * Name the class itself as the type argument and stage names, parameters and chains are checked:
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
 * Every exported subclass in a file of an operations directory is an operation type. liveops makes the instances.
 *
 * @typeParam T - `typeof` the class itself; see {@link OperationStatics} for what it may declare.
 */
export abstract class LiveOperation<T extends OperationStatics = OperationStatics> {
  /** Only for the compiler: where {@link Progress} reads the statics. There is no such property at run time. */
  declare readonly [STATICS]: T;
  /** Only for the compiler: what tells an operation type from any other class. */
  declare static readonly [TYPE]: true;

  /** The operation's id: 12 of 0-9a-z, the first a letter. */
  readonly id: string;
  /** The parameters, parsed by `static params`, defaults filled in. */
  readonly params: Params<T>;
  /** What the submitter called it, or null. */
  readonly label: string | null;
  /** Which run of this operation this is: 1 for the first. */
  readonly attempt: number;

  constructor() {
    const { id, params, label, attempt } = currentOrder(new.target.name);
    this.id = id;
    this.params = params as Params<T>;
    this.label = label;
    this.attempt = attempt;
  }

  /**
   * Does the work. Returning is success (or what `p.result`, `p.error` or `p.chainTo` said), throwing is failure,
   * throwing {@link OperationCancelled} is cancellation.
   */
  // biome-ignore lint/suspicious/noExplicitAny: every subclass narrows it to its own Progress
  abstract run(p: Progress<any>): void | Promise<void>;
}

/** Any operation type: a class that extends {@link LiveOperation}. */
export type OperationClass = OperationStatics & { readonly [TYPE]: true };

/** The stage names an operation may pass to `p.stage`; any string where they are not declared `as const`. */
export type StageName<Op> = Op extends { readonly [STATICS]: infer T } ? StagesOf<T> : string;

/**
 * Thrown inside an operation when it has been asked to stop, by `p.checkCancelled()` and `p.track`; also the reason
 * of `p.signal`. Let it pass: the stage and the operation then end as cancelled. An operation may throw it itself.
 */
export class OperationCancelled extends Error {
  override name = "OperationCancelled";

  constructor(message = "the operation was cancelled") {
    super(message);
  }
}
