/** What a feature adds to the stages and steps of a pipeline: keys, and whether the command has to run. */
import type { STEP_KEYS } from "../../protocol/pipeline/keys.js";
import type { FromPlace } from "../attempt/sink.js";
import type { Pipeline, PipelineTask } from "./definition.js";
import type { Scope } from "./read/scope.js";
import type { Field, Section } from "./read/values.js";
import type { CommandContext, TaskPlace } from "./run/command.js";

export interface PipelineFeature {
  /** Reads the keys of the feature into a rule, an object of a class of the feature. Null: the task has none. */
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

/** What runs the commands of a stage or step, with the features that have a rule for one of the pipeline. */
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
  /** Call after the command has succeeded. @throws Error if the command did not do what the rule says */
  ended(seconds: number, outputs: Record<string, string>): Promise<void>;
}

/** Why a command runs, or does not run. */
export type Verdict =
  | { isUpToDate: true; reason: string; saved: number; outputs: Record<string, string> }
  /** `hasChanged`: an earlier run is known, and something differs from it. */
  | { isUpToDate: false; why: string; hasChanged: boolean };
