/**
 * What a feature adds to the stages and steps of a pipeline: keys, what runs, and whether it has to
 * run.
 */
import type { STEP_KEYS } from "../../protocol/pipeline/keys.js";
import type { UsedName } from "../../protocol/pipeline/used-names.js";
import type { FromPlace } from "../attempt/sink.js";
import type { Pipeline, PipelineStage, PipelineTask } from "./definition.js";
import type { NamedFiles } from "./read/named-files.js";
import type { Scope } from "./read/scope.js";
import type { Field, Section } from "./read/values.js";
import type { CommandContext, TaskPlace } from "./run/command.js";
import type { Output } from "./run/variables.js";

export interface PipelineFeature {
  /**
   * The stages that stand in the place of an item of `stages`. Null: the item is a stage itself.
   */
  expand(item: Field, files: NamedFiles): readonly Field[] | null;
  /**
   * Reads the keys of the feature into a rule, an object of a class of the feature. Null: the task
   * has none. A rule that is a `TaskRunner` runs in the place of the command.
   */
  read(section: Section<keyof typeof STEP_KEYS>, scope: Scope): object | null;
  /** Adds a problem to the file where the keys of the steps of `parallel` contradict each other. */
  checkSteps(parallel: Field, steps: readonly PipelineTask[]): void;
  /**
   * Loads all that a run of the pipeline needs: an upgrade may replace the package during the run.
   *
   * @returns null if no task of the pipeline has a rule of the feature
   */
  start(run: FeatureRun): Promise<RunningFeature | null>;
}

/** Runs in the place of the command of a task. */
export abstract class TaskRunner {
  /**
   * What the pipeline says of it, as JSON: where that changed, an earlier success does not count.
   */
  abstract readonly sign: unknown;
  /** The outputs that it gives without the key `outputs`. */
  abstract readonly outputs: readonly string[];
  /** Queues and types that it names. */
  abstract readonly uses: readonly UsedName[];
  /** The pipeline that it runs; null: it is not known before. */
  abstract readonly inside: Pipeline | null;

  /**
   * What it gives to a parameter of that pipeline. `value` is absent where it is not known before
   * the run.
   */
  abstract paramOf(name: string): { value?: unknown } | undefined;

  /**
   * @param isAgain - it failed before in this attempt, and `retry` runs it again
   * @throws Error; one with `exitCode` may be tried again by `retry`
   */
  abstract run(
    context: TaskContext,
    task: PipelineTask,
    place: TaskPlace,
    isAgain: boolean,
  ): Promise<TaskEnd>;

  static of({ rules }: Pick<PipelineTask, "rules">): TaskRunner | undefined {
    return rules.find((rule) => rule instanceof TaskRunner);
  }
}

/** What stages and steps of the pipeline run in the place of a command. */
export function runnersOf({ stages }: Pick<Pipeline, "stages">): TaskRunner[] {
  return tasksOf(stages).flatMap((task) => TaskRunner.of(task) ?? []);
}

/** The queues and types that the pipeline names, also in the operations inside of it. */
export function usesOf(pipeline: Pipeline): UsedName[] {
  return runnersOf(pipeline).flatMap(({ uses, inside }) => [
    ...uses,
    ...(inside === null ? [] : usesOf(inside)),
  ]);
}

/** Each stage, and each step of `parallel`. */
export function tasksOf(stages: readonly PipelineStage[]): PipelineTask[] {
  return stages.flatMap((stage) => [stage, ...(stage.steps?.parallel ?? [])]);
}

export interface TaskEnd {
  exitCode: number;
  /** Without the time in which it waited. */
  seconds: number;
  outputs: Record<string, Output>;
}

/** A run of a pipeline. */
export interface FeatureRun {
  pipeline: Pipeline;
  /** Parsed, with defaults. A secret is its reference. */
  params: Readonly<Record<string, unknown>>;
  /** Directory of what a run leaves for the next run; null: a run leaves nothing. */
  stampsDir: string | null;
  /** Every command runs. */
  isForced: boolean;
  /** The stage or step of the last `retry --from`, which runs in any case; null: none. */
  from: FromPlace | null;
}

/**
 * What runs the commands of a stage or step, with the features that have a rule for one of the
 * pipeline.
 */
export interface TaskContext extends CommandContext {
  features: readonly RunningFeature[];
}

export interface RunningFeature {
  /** Whether the task has a rule of the feature. */
  hasRule(task: PipelineTask): boolean;
  guard(context: CommandContext, task: PipelineTask, place: TaskPlace): TaskGuard;
  /**
   * For each step, the indexes of the steps after which it starts.
   *
   * @throws Error if each step of a circle waits for another one
   */
  orderOfSteps(context: CommandContext, stage: string, steps: readonly PlacedTask[]): number[][];
  /** Call when the pipeline has ended. */
  end(): void;
}

/** A step, with the values of `each` that it is for. */
export interface PlacedTask {
  task: PipelineTask;
  values?: ReadonlyMap<string, string>;
}

/** Decides for one task. */
export interface TaskGuard {
  /** @throws Error if that cannot be decided */
  look(): Promise<Verdict>;
  /** Call before the command runs. */
  begins(): void;
  /**
   * Call after the command has succeeded. @throws Error if the command did not do what the rule
   * says
   */
  ended(seconds: number, outputs: Record<string, string>): Promise<void>;
}

/** Why a command runs, or does not run. */
export type Verdict =
  | { isUpToDate: true; reason: string; saved: number; outputs: Record<string, string> }
  /** `changed`: what differs from the last run; null: nothing does, or no last run is known. */
  | { isUpToDate: false; why: string; changed: string | null };
