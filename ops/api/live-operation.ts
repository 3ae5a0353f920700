/**
 * The base class of every operation type.
 *
 * The runner constructs it through `constructing` and nothing else does: the base constructor reads what it is
 * given there, so that id and params exist before a subclass's field initialisers run.
 */
import { currentOrder } from "./current-order.js";
import type { Progress } from "./progress.js";
import type { OperationStatics, Params, StagesOf } from "./statics.js";

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
