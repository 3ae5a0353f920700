/**
 * Types that read the statics of an operation class: parameters before and after parsing, stage
 * names.
 *
 * Types only. Each type reads one property of the class, so that a class may refer to itself
 * (`Params<typeof StepB>` within StepB) and two classes may refer to each other.
 */
import type { z } from "zod";

/**
 * The `static` properties of an operation type. All are optional. Features add others.
 */
export interface OperationStatics {
  /**
   * Name of the type for `liveops submit`, in kebab-case. Default: the class name (`StepA` becomes
   * `step-a`).
   */
  readonly op?: string;
  /**
   * Title shown to people, or a function of the parsed parameters that returns the title of an
   * operation: `({ host }: Params<typeof Deploy>) => \`Deploy to ${host}\``. The function may be
   * async. White space becomes single spaces, and text after 200 characters is cut. A submit is
   * refused if the function throws or returns no text. Default: the class name in words (`StepA`
   * becomes "Step A").
   */
  readonly title?: string | ((params: never) => string | Promise<string>);
  /**
   * Returns the text that is shown for the result of `p.result`, in one or several lines; text
   * after 4096 characters is cut. Not called without a result. If the function throws or returns no
   * text, the log says so, and the result is shown as `key=value` lines. `--json` always shows the
   * result itself. Default: `key=value` lines.
   */
  readonly resultText?: (result: never) => string;
  /**
   * The flat list of stages, in order, with unique names (`["Load", "Save"] as const`), or a
   * function of the parsed parameters that returns the list. Default: none.
   */
  readonly stages?:
    | readonly string[]
    | ((params: never) => readonly string[] | Promise<readonly string[]>);
  /**
   * A text that is equal for operations that do the same work: earlier runs with the same text tell
   * how long an operation usually takes. A function of the parsed parameters; needs `params`.
   * Default: all runs of the type count.
   */
  readonly historyKey?: (params: never) => string;
  /** Schema of the parameters. Default: any parameters, unchecked. */
  readonly params?: z.ZodType;
  /**
   * Whether a later attempt uses the stored values of finished stages instead of running them
   * again, and whether the operation is queued again when its worker dies. Each stage must then
   * return a JSON value of at most 16 MiB. Default: false.
   */
  readonly resumable?: boolean;
  /**
   * Whether a success fails with `LIVEOPS_ODD` if one of its numbers is far outside of what earlier
   * successes told, such as a third of the usual size. The next operation of the chain is then not
   * started. Without effect in `liveops run`, which knows no earlier runs. Default: false, and the
   * number is shown.
   */
  readonly failIfOdd?: boolean;
  /** Seconds between a stop request and the kill. Default: 10. */
  readonly gracePeriod?: number;
  /**
   * Retry after a failure: `attempts` in total (1 to 1000), `backoff` seconds before the second
   * attempt (default 1), doubled before each later one, at most an hour. A cancelled operation is
   * not retried. Default: no retry.
   */
  readonly retry?: { readonly attempts: number; readonly backoff?: number };
  /**
   * Queue of the type's operations, unless a submit names another: lower-case letters, digits and
   * `-`. The queue must exist in the daemon (`liveops queue set`). Default: `"default"`; in a
   * chain: the queue of the operation before.
   */
  readonly queue?: string;
  /**
   * Every class has this property, so that a class without any of the other statics still matches
   * this type.
   */
  readonly prototype?: unknown;
  /**
   * Seconds that one attempt may run; after that it fails with `LIVEOPS_TIMEOUT`. Default: no
   * limit.
   */
  readonly timeout?: number;
}

/**
 * The type of `this.params`: parsed, with defaults.
 *
 * @typeParam T - `typeof` the class: `Params<typeof StepA>`.
 */
export type Params<T> = T extends { readonly params: infer S extends z.ZodType }
  ? z.output<S>
  : // biome-ignore lint/suspicious/noExplicitAny: a type without a schema has unchecked parameters
    Record<string, any>;

/**
 * The type of the parameters of a submit: before defaults and transforms.
 *
 * @typeParam T - `typeof` the class: `ParamsInput<typeof StepA>`.
 */
export type ParamsInput<T> = T extends { readonly params: infer S extends z.ZodType }
  ? z.input<S>
  : Record<string, unknown>;

/** The type of the result: that of the parameter of `static resultText`; otherwise unknown. */
export type ResultOf<T> = T extends { readonly resultText: (result: infer R) => unknown }
  ? R
  : unknown;

/** The stage names that a class declares; any string if it declares none, or not `as const`. */
export type StagesOf<T> = T extends { readonly stages: readonly (infer S extends string)[] }
  ? S
  : T extends { readonly stages: (params: never) => infer L }
    ? Awaited<L> extends readonly (infer S extends string)[]
      ? S
      : string
    : string;
