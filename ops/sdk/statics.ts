/**
 * The types an author's statics are read through: parameters in and out, stage names.
 *
 * Types only. Each looks at one property of the class at a time, so that a class may name itself (`Params<typeof
 * StepB>` within StepB) and two classes may name each other.
 */
import type { z } from "zod";

/**
 * What an operation type may declare, as `static` properties of its class. All of them are optional.
 */
export interface OperationStatics {
  /** The name one submits, in kebab-case. Default: the class name in kebab-case (`StepA` is `step-a`). */
  readonly op?: string;
  /** Heading for people. Default: the class name in words (`StepA` is "Step A"). */
  readonly title?: string;
  /**
   * The flat list of stages, each name once, in order (`["Load", "Save"] as const`), or a function of the parsed
   * parameters that returns it. Default: none.
   */
  readonly stages?: readonly string[] | ((params: never) => readonly string[] | Promise<readonly string[]>);
  /** Schema of the parameters. Default: any parameters, unchecked. */
  readonly params?: z.ZodType;
  /**
   * Whether a later attempt takes the values of stages that were done from the earlier one instead of running them
   * again, and whether the operation is queued again when its worker dies. Each stage must then return what JSON can
   * hold, at most 16 MiB. Default: false.
   */
  readonly resumable?: boolean;
  /** Seconds between the request to stop and the kill. Default: 10. */
  readonly gracePeriod?: number;
  /**
   * Run it again by itself when it fails: `attempts` runs in all, `backoff` seconds before the second one (default
   * 1), twice that before the third, at most an hour. A cancelled operation is not retried. Default: no retry.
   */
  readonly retry?: { readonly attempts: number; readonly backoff?: number };
  /**
   * Bytes of memory that all processes of the operation may use together, at least 64 MiB; over that the kernel kills
   * one of them. Enforced where `liveopsd status` shows the containment `cgroup`. Default: no limit.
   */
  readonly memoryMax?: number;
  /** Cores that they may use together, such as 1.5. Enforced as `memoryMax` is. Default: no limit. */
  readonly cpuMax?: number;
  /** Processes and threads that may exist at a time, at least 32. Enforced as `memoryMax` is. Default: no limit. */
  readonly pidsMax?: number;
  /** Every class has one: so that a class which declares none of these still counts as having some of them. */
  readonly prototype?: unknown;
  /** Seconds one attempt may run; over that it fails with `LIVEOPS_TIMEOUT`. Default: no limit. */
  readonly timeout?: number;
}

/**
 * The parameters as `this.params` holds them: parsed, with their defaults.
 *
 * @typeParam T - `typeof` the class: `Params<typeof StepA>`.
 */
export type Params<T> = T extends { readonly params: infer S extends z.ZodType }
  ? z.output<S>
  : // biome-ignore lint/suspicious/noExplicitAny: a type without a schema has unchecked parameters
    Record<string, any>;

/**
 * The parameters as they are given: before defaults and transforms.
 *
 * @typeParam T - `typeof` the class: `ParamsInput<typeof StepA>`.
 */
export type ParamsInput<T> = T extends { readonly params: infer S extends z.ZodType }
  ? z.input<S>
  : Record<string, unknown>;

/** The stage names a class declares; any string where it declares none, or not `as const`. */
export type StagesOf<T> = T extends { readonly stages: readonly (infer S extends string)[] }
  ? S
  : T extends { readonly stages: (params: never) => infer L }
    ? Awaited<L> extends readonly (infer S extends string)[]
      ? S
      : string
    : string;
