/**
 * Decides for each stage whether a later attempt may use what an earlier attempt stored. A stage
 * stays done as long as its own text and the params that it can see are the same, and no stage
 * before it has run again since.
 */
import { createHash } from "node:crypto";
import type { Command, Pipeline, PipelineStage, PipelineTask, Template } from "../definition.js";
import { TaskRunner } from "../feature.js";
import type { Output } from "./variables.js";

/** What is stored of a stage or step that succeeded. */
export interface StageRecord {
  fingerprint: string;
  /** Hash of the params. */
  params: string;
  /**
   * For each stage before: the attempt in which its command succeeded last; 0: up to date; null:
   * skipped, or an allowed failure.
   */
  after: Array<number | null>;
  exitCode: number | null;
  /** Runs of the command. */
  attempts: number;
  seconds: number;
  outputs: Record<string, Output>;
  /** Number of its steps; absent: it has none. */
  steps?: number;
}

/** What is compared: a stage with its steps, or a step with its values of `each`. */
type Compared = PipelineTask & Partial<Pick<PipelineStage, "steps" | "approve">>;
type Values = ReadonlyMap<string, string>;

export class Resume {
  /** As `after` of the next stage. */
  readonly #done: Array<number | null> = [];
  readonly #params: string;

  /**
   * @param params - parsed; a secret is its reference
   * @param attempt - number of this attempt
   */
  constructor(
    private readonly pipeline: Pipeline,
    params: Readonly<Record<string, unknown>>,
    readonly attempt: number,
  ) {
    this.#params = hash(
      pipeline.params.map(({ name, secret }) => [name, secret, params[name] ?? null]),
    );
  }

  /**
   * @returns why the stage runs again although an earlier attempt has finished it; null: the stored
   * value counts
   */
  whyAgain(task: Compared, stored: unknown, values?: Values): string | null {
    const { fingerprint, params, after = [] } = (stored ?? {}) as Partial<StageRecord>;
    if (params !== this.#params) return "the parameters changed";
    if (fingerprint !== this.fingerprint(task, values))
      return task.steps === undefined ? "the step's script changed" : "the stage's script changed";
    const changed = this.#done.findIndex((attempt, index) => attempt !== after[index]);
    if (changed === -1 && after.length === this.#done.length) return null;
    const before = this.pipeline.stages[changed];
    return before === undefined
      ? "the stages before it changed"
      : `the stage "${before.name}" before it ran again`;
  }

  /** Call after each stage. @param attempt - in which its command succeeded; null: it did not */
  passed(attempt: number | null): void {
    this.#done.push(attempt);
  }

  /** The parts of a stage's record that a later attempt compares. */
  basis(task: Compared, values?: Values): Pick<StageRecord, "fingerprint" | "params" | "after"> {
    const fingerprint = this.fingerprint(task, values);
    return { fingerprint, params: this.#params, after: [...this.#done] };
  }

  /** The record of what a person has done by hand: it stays done as if its command had run now. */
  recordByHand(task: Compared, outputs: Record<string, Output> = {}, values?: Values): StageRecord {
    return { ...this.basis(task, values), exitCode: null, attempts: 0, seconds: 0, outputs };
  }

  /**
   * A hash of all that decides what the command of a stage does, without params and the outputs of
   * earlier stages.
   */
  fingerprint(task: Compared, values?: Values): string {
    const { pipeline } = this;
    return hash([
      ...partsOf(task),
      [...pipeline.env],
      pipeline.cwd,
      ...(values ? [[...values]] : []),
      ...(task.steps ? [task.steps.parallel.map((step) => [step.name, ...partsOf(step)])] : []),
      ...(task.approve ? [task.approve.question, task.approve.choices] : []),
      ...(task.steps ? [task.steps.each.map(({ name, source }) => [name, source])] : []),
    ]);
  }
}

function hash(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

function partsOf({ run, when, env, cwd, outputs, rules }: PipelineTask): unknown[] {
  const runner = TaskRunner.of({ rules });
  const parts = [commandOf(run), when && commandOf(when), [...env], cwd, outputs];
  return runner === undefined ? parts : [...parts, runner.sign];
}

/** Without the line, which an edit of another stage moves. */
function commandOf(command: Command): string | readonly Template[] {
  return command.kind === "script" ? command.script : command.words;
}
