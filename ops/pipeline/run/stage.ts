/** Runs or resumes one stage of a pipeline: its command, or its steps side by side. */
import type { AttemptProgress } from "../../attempt/attempt-progress.js";
import { StepSkipped, type StepTask } from "../../attempt/steps.js";
import type { PipelineStage, PipelineSteps, PipelineTask } from "../definition.js";
import type { CommandContext } from "./command.js";
import { valuesOfEach } from "./each.js";
import type { Resume, StageRecord } from "./resume.js";
import { type Decision, TaskRun } from "./task.js";
import type { Output } from "./variables.js";

export interface StageContext extends CommandContext {
  p: AttemptProgress;
}

export interface StageResult {
  /** Null: the stage was skipped, or ended by a signal or its timeout. Of steps: of the first one that failed, else 0. */
  exitCode: number | null;
  /** The signal that ended the command; absent after an exit. */
  signal?: string;
  /** Runs of the command. */
  attempts: number;
  /** Duration of the last run. */
  seconds: number;
  /** Number of its steps; absent: it has none. */
  steps?: number;
  /** Why the stage was skipped. */
  skipped?: string;
  /** The pipeline ends before the stage, successfully. */
  stops?: true;
  /** The stage failed, and the pipeline continued. */
  allowedFailure?: true;
}

/** A step, with the values of `each` that it is for. */
interface Step {
  task: PipelineTask;
  values?: ReadonlyMap<string, string>;
}

/** A stage of an attempt: what it did until now, also after it failed. */
export class StageRun {
  /** Of the command of the stage; of a stage with steps, of the step that failed first. */
  #task: TaskRun;
  /** What each step has told, in the order of the steps. */
  #told: Array<Record<string, Output>> = [];
  #steps = 0;
  #seconds: number | null = null;

  constructor(
    private readonly context: StageContext,
    private readonly resume: Resume,
    private readonly stage: PipelineStage,
  ) {
    this.#task = new TaskRun(context, resume, stage, { label: stage.name, stage: stage.name });
  }

  /** @throws the failure of the stage, unless it is allowed */
  async perform(): Promise<StageResult> {
    const { p, variables, deadline } = this.context;
    const { name, outputs, allowFailure, steps } = this.stage;
    const stored = p.stages.stored(name);
    const again = stored === undefined ? null : this.resume.whyAgain(this.stage, stored.value);
    const isStored = stored !== undefined && again === null;
    const isByHand = p.stages.isByHand(name, isStored);
    const decision: Decision = isStored || isByHand ? { kind: "run" } : await this.#decide();
    if (decision.kind === "skip") return this.skip(decision.reason);
    if (decision.kind === "stop") return { ...this.skip(decision.reason), stops: true };
    // The error of `when` is that of the stage.
    const block = (): Promise<StageRecord> => {
      if (decision.kind === "fail") throw decision.error;
      return steps === null ? this.#task.run() : this.#runSteps(steps);
    };
    const record = await p.stage(name, block, {
      allowFailure,
      ...(again !== null && { again }),
      valueByHand: (given) => this.resume.recordByHand(this.stage, given),
    });
    variables.setOutcome(name, record === undefined ? "failed" : "succeeded");
    if (record === undefined) {
      deadline.throwIfAborted();
      this.failed();
      this.resume.passed(null);
      return { ...this.result, allowedFailure: true };
    }
    variables.setOutputs(record.outputs);
    variables.missOutputs(outputs, `no step of the stage "${name}" told it`);
    this.resume.passed(isStored && !isByHand ? stored.attempt : this.resume.attempt);
    const { exitCode, attempts, seconds } = record;
    return { exitCode, attempts, seconds, ...(record.steps !== undefined && { steps: record.steps }) };
  }

  /** Skips the stage, also one that an earlier attempt has finished. */
  skip(reason: string): StageResult {
    const { p, variables } = this.context;
    const { name, outputs } = this.stage;
    p.skip(name, reason);
    variables.missOutputs(outputs, `the stage "${name}" was skipped`);
    variables.setOutcome(name, "skipped");
    this.resume.passed(null);
    return { exitCode: null, attempts: 0, seconds: 0, skipped: reason };
  }

  /** Asks `stop_when`, then `when`. The `when` beside `each` decides for each step. */
  async #decide(): Promise<Decision> {
    const { stage } = this;
    const { p } = this.context;
    const isEach = (stage.steps?.each.length ?? 0) > 0;
    const within = (label: string, block: () => Promise<unknown>) => p.untracked(label, block);
    if (stage.stopWhen !== null) {
      const spec = isEach ? { ...stage, env: new Map(), cwd: null } : stage;
      const decision = await this.#task.decideStop(stage.stopWhen, spec, within);
      if (decision.kind !== "run") return decision;
    }
    return isEach ? { kind: "run" } : this.#task.decide(within);
  }

  /** Call after a failure: keeps the outputs that the commands have written. */
  failed(): void {
    const { name, outputs, steps } = this.stage;
    const { variables } = this.context;
    variables.setOutputs(steps === null ? this.#task.written : this.#outputs);
    variables.missOutputs(outputs, `the stage "${name}" failed`);
  }

  get result(): StageResult {
    if (this.stage.steps === null) return this.#task.result;
    return { ...this.#task.result, seconds: this.#seconds ?? 0, steps: this.#steps };
  }

  async #runSteps(steps: PipelineSteps): Promise<StageRecord> {
    const { p, deadline } = this.context;
    const all = this.#stepsOf(steps);
    this.#steps = all.length;
    const started = performance.now();
    const options = { onFailure: steps.onFailure, ...(steps.atOnce !== null && { atOnce: steps.atOnce }) };
    try {
      await p.runSteps(
        all.map((step, index) => this.#stepTask(step, index)),
        options,
      );
    } catch (error) {
      // The steps have all failed by the timeout of the pipeline, which is one failure.
      deadline.throwIfAborted();
      throw error;
    } finally {
      this.#seconds = Math.round(performance.now() - started) / 1000;
    }
    const record = { exitCode: 0, attempts: 1, seconds: this.#seconds, outputs: this.#outputs };
    return { ...this.resume.basis(this.stage), ...record, steps: all.length };
  }

  #stepsOf({ parallel, each }: PipelineSteps): Step[] {
    if (each.length === 0) return parallel.map((task) => ({ task }));
    return valuesOfEach(this.context, each).map(({ step, values }) => ({
      // A failure is allowed to the stage, not to a step.
      task: { ...taskOf(this.stage), name: step, allowFailure: false },
      values,
    }));
  }

  #stepTask({ task, values }: Step, index: number): StepTask {
    const { context, resume, stage } = this;
    return {
      name: task.name,
      allowFailure: task.allowFailure,
      again: (stored) => {
        const why = resume.whyAgain(task, stored, values);
        if (why === null) this.#told[index] = (stored as StageRecord).outputs;
        return why;
      },
      valueByHand: (given) => {
        const record = resume.recordByHand(task, given, values);
        this.#told[index] = record.outputs;
        return record;
      },
      run: async (p) => {
        const label = `${stage.name}/${task.name}`;
        const place = { label, stage: stage.name, ...(values && { values }) };
        const run = new TaskRun({ ...context, p }, resume, task, place);
        try {
          const decision = await run.decide();
          if (decision.kind === "skip") throw new StepSkipped(decision.reason);
          if (decision.kind === "fail") throw decision.error;
          const record = await run.run();
          this.#told[index] = record.outputs;
          return record;
        } catch (error) {
          const isFirst = this.#task.exitCode === null && this.#task.signal === null;
          if (isFirst && !task.allowFailure && !(error instanceof StepSkipped) && !p.signal.aborted)
            this.#task = run;
          throw error;
        }
      },
    };
  }

  /** An output that one step told is a text; one of several steps a list, in the order of the steps. */
  get #outputs(): Record<string, Output> {
    const all = new Map<string, string[]>();
    for (const told of this.#told)
      for (const [name, value] of Object.entries(told ?? {}))
        all.set(name, [...(all.get(name) ?? []), String(value)]);
    return Object.fromEntries(
      [...all].map(([name, values]) => [name, values.length === 1 ? values[0]! : values]),
    );
  }
}

/** What the steps of `each` have in common. */
function taskOf({ steps: _, stopWhen: __, ...task }: PipelineStage): PipelineTask {
  return task;
}
