/** Runs or resumes one stage of a pipeline: its command, or its steps side by side. */
import { availableParallelism } from "node:os";
import { NO } from "../../../protocol/approval.js";
import type { AttemptProgress } from "../../attempt/attempt-progress.js";
import { Unrun } from "../../attempt/stage-not-run.js";
import type { StepTask } from "../../attempt/steps.js";
import type {
  PipelineApproval,
  PipelineStage,
  PipelineSteps,
  PipelineTask,
} from "../definition.js";
import type { PlacedTask, TaskContext } from "../feature.js";
import { APPROVED } from "../read/approval.js";
import { fill } from "../template.js";
import { valuesOfEach } from "./each.js";
import type { Resume, StageRecord } from "./resume.js";
import { type Decision, TaskRun } from "./task.js";
import type { Output } from "./variables.js";

export interface StageContext extends TaskContext {
  p: AttemptProgress;
}

export interface StageResult {
  /**
   * Null: the stage was skipped, or ended by a signal or its timeout. Of steps: of the first one
   * that failed, else 0.
   */
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
  /** What it needs and makes is as an earlier run left it, so that it did not run. */
  upToDate?: string;
  /** The stage failed, and the pipeline continued. */
  allowedFailure?: true;
}

/** A stage of an attempt: what it did until now, also after it failed. */
export class StageRun {
  /** Of the command of the stage; of a stage with steps, of the step that failed first. */
  #task: TaskRun;
  /** What each step has told, in the order of the steps. */
  #told: Array<Record<string, Output>> = [];
  #steps = 0;
  #seconds: number | null = null;
  /** Seconds of each step: of this run, or of the last one where the step is up to date. */
  #durations: number[] = [];
  #unrunSteps = 0;
  #unrun: Unrun | null = null;
  #answer: string | null = null;

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
    const again =
      stored === undefined
        ? null
        : (this.resume.whyAgain(this.stage, stored.value) ??
          (isByHandRecord(stored.value) ? null : await this.#whyChanged()));
    const isStored = stored !== undefined && again === null;
    const isByHand = p.stages.isByHand(name, isStored);
    const decision: Decision = isStored || isByHand ? { kind: "run" } : await this.#decide();
    if (decision.kind === "skip") return this.#skip(decision.reason);
    // The error of `when` is that of the stage.
    const block = async (): Promise<StageRecord> => {
      if (decision.kind === "fail") throw decision.error;
      if (this.stage.approve !== null) return this.#ask(this.stage.approve);
      try {
        return await (steps === null ? this.#task.run() : this.#runSteps(steps));
      } catch (error) {
        if (error instanceof Unrun) this.#unrun = error;
        throw error;
      }
    };
    const record = await p.stage(name, block, {
      allowFailure,
      again: again ?? undefined,
      valueByHand: (given) => this.resume.recordByHand(this.stage, given),
      decides: this.#decides,
      saved: () => this.#saved,
    });
    if (this.#unrun !== null) {
      variables.setOutputs(steps === null ? this.#task.written : this.#outputs);
      variables.setOutcome(name, "succeeded");
      this.resume.passed(UP_TO_DATE);
      return { exitCode: null, attempts: 0, seconds: 0, upToDate: this.#unrun.end.reason };
    }
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
    return { exitCode, attempts, seconds, steps: record.steps };
  }

  /** Skips the stage, also one that an earlier attempt has finished. */
  #skip(reason: string): StageResult {
    const { p, variables } = this.context;
    const { name, outputs } = this.stage;
    p.skip(name, reason);
    variables.missOutputs(outputs, `the stage "${name}" was skipped`);
    variables.setOutcome(name, "skipped");
    this.resume.passed(null);
    return { exitCode: null, attempts: 0, seconds: 0, skipped: reason };
  }

  /** Asks `when`. Beside `each`, it decides for each step. */
  async #decide(): Promise<Decision> {
    const { p } = this.context;
    const isEach = (this.stage.steps?.each.length ?? 0) > 0;
    return isEach
      ? { kind: "run" }
      : this.#task.decide((label, block) => p.untracked(label, block));
  }

  /** Call after a failure: keeps the outputs that the commands have written. */
  failed(): void {
    const { name, outputs, steps } = this.stage;
    const { variables } = this.context;
    if (this.#answer !== null) variables.setOutputs({ [APPROVED]: this.#answer });
    variables.setOutputs(steps === null ? this.#task.written : this.#outputs);
    variables.missOutputs(outputs, `the stage "${name}" failed`);
  }

  get result(): StageResult {
    if (this.stage.steps === null) return this.#task.result;
    return { ...this.#task.result, seconds: this.#seconds ?? 0, steps: this.#steps };
  }

  /**
   * A rejection and the end of the time are failures of the stage. Where they are allowed, the
   * answer is "no".
   */
  async #ask({
    question,
    choices,
    timeout,
    default: fallback,
  }: PipelineApproval): Promise<StageRecord> {
    const { p, variables } = this.context;
    const { scope } = variables.of({ env: new Map() }, {});
    this.#answer = NO;
    this.#answer = await p.approve<string>(fill(question, scope), {
      choices,
      timeout: timeout ?? undefined,
      default: fallback ?? undefined,
    });
    const outputs = { [APPROVED]: this.#answer };
    return { ...this.resume.basis(this.stage), exitCode: null, attempts: 1, seconds: 0, outputs };
  }

  /** Whether each command of the stage may be up to date. */
  get #decides(): boolean {
    const { features } = this.context;
    const { steps } = this.stage;
    const tasks = steps === null || steps.each.length > 0 ? [this.stage] : steps.parallel;
    return tasks.every((task) => features.some((feature) => feature.hasRule(task)));
  }

  /** What changed since an earlier attempt has finished the stage; null: nothing. */
  async #whyChanged(): Promise<string | null> {
    const { steps, name } = this.stage;
    if (steps === null) return this.#task.whyChanged();
    for (const { task, values } of this.#stepsOf(steps)) {
      const label = `${name}/${task.name}`;
      const place = { label, stage: name, values };
      const why = await new TaskRun(this.context, this.resume, task, place).whyChanged();
      if (why !== null) return `${task.name}: ${why}`;
    }
    return null;
  }

  /**
   * Seconds that the stage would have taken longer, had all its steps run; undefined: none is up to
   * date.
   */
  get #saved(): number | undefined {
    if (this.#unrunSteps === 0) return undefined;
    const lanes = Array<number>(this.stage.steps!.atOnce ?? availableParallelism()).fill(0);
    for (const seconds of this.#durations) {
      const first = lanes.indexOf(Math.min(...lanes));
      lanes[first]! += seconds ?? 0;
    }
    return Math.max(0, Math.round((Math.max(...lanes) - (this.#seconds ?? 0)) * 1000) / 1000);
  }

  async #runSteps(steps: PipelineSteps): Promise<StageRecord> {
    const { p, deadline } = this.context;
    const all = this.#stepsOf(steps);
    this.#steps = all.length;
    const started = performance.now();
    const options = {
      onFailure: steps.onFailure,
      until: deadline,
      atOnce: steps.atOnce ?? undefined,
    };
    const orders = this.context.features.map((feature) =>
      feature.orderOfSteps(this.context, this.stage.name, all),
    );
    try {
      await p.runSteps(
        all.map((step, index) => ({
          ...this.#stepTask(step, index),
          after: orders.flatMap((order) => order[index]!),
        })),
        options,
      );
    } catch (error) {
      deadline.throwIfAborted();
      throw error;
    } finally {
      this.#seconds = Math.round(performance.now() - started) / 1000;
    }
    if (this.#unrunSteps === all.length && all.length > 0) {
      const reason = `up to date: ${all.length} ${all.length === 1 ? "step" : "steps"}`;
      throw new Unrun({ state: "up-to-date", reason, saved: this.#saved ?? 0 });
    }
    const record = { exitCode: 0, attempts: 1, seconds: this.#seconds, outputs: this.#outputs };
    return { ...this.resume.basis(this.stage), ...record, steps: all.length };
  }

  #stepsOf({ parallel, each }: PipelineSteps): PlacedTask[] {
    if (each.length === 0) return parallel.map((task) => ({ task }));
    return valuesOfEach(this.context, each).map(({ step, values }) => ({
      // A failure is allowed to the stage, not to a step.
      task: { ...taskOf(this.stage), name: step, allowFailure: false },
      values,
    }));
  }

  #stepTask({ task, values }: PlacedTask, index: number): StepTask {
    const { context, resume, stage } = this;
    const label = `${stage.name}/${task.name}`;
    const place = { label, stage: stage.name, values };
    return {
      name: task.name,
      allowFailure: task.allowFailure,
      again: async (stored) => {
        const why =
          resume.whyAgain(task, stored, values) ??
          (isByHandRecord(stored)
            ? null
            : await new TaskRun(context, resume, task, place).whyChanged());
        if (why === null) this.#told[index] = (stored as StageRecord).outputs;
        return why;
      },
      valueByHand: (given) => {
        const record = resume.recordByHand(task, given, values);
        this.#told[index] = record.outputs;
        return record;
      },
      run: async (p) => {
        const run = new TaskRun({ ...context, p }, resume, task, place);
        try {
          const decision = await run.decide();
          if (decision.kind === "skip")
            throw new Unrun({ state: "skipped", reason: decision.reason });
          if (decision.kind === "fail") throw decision.error;
          const record = await run.run();
          this.#told[index] = record.outputs;
          this.#durations[index] = record.seconds;
          return record;
        } catch (error) {
          if (error instanceof Unrun && error.end.state === "up-to-date") {
            this.#told[index] = run.written;
            this.#durations[index] = error.end.saved ?? 0;
            this.#unrunSteps++;
          }
          const isFirst = this.#task.exitCode === null && this.#task.signal === null;
          if (isFirst && !task.allowFailure && !(error instanceof Unrun) && !p.signal.aborted)
            this.#task = run;
          throw error;
        }
      },
    };
  }

  /**
   * An output that one step told is a text; one of several steps a list, in the order of the steps.
   */
  get #outputs(): Record<string, Output> {
    const all = new Map<string, string[]>();
    for (const told of this.#told)
      for (const [name, value] of Object.entries(told ?? {}))
        all.set(name, [...(all.get(name) ?? []), ...[value].flat()]);
    return Object.fromEntries(
      [...all].map(([name, values]) => [name, values.length === 1 ? values[0]! : values]),
    );
  }
}

/** Whether a person has done the stage or step: its files do not tell whether it is done. */
function isByHandRecord(stored: unknown): boolean {
  return (stored as StageRecord).attempts === 0;
}

/** As the attempt of a stage that did not run: the later stages count as long as it does not. */
const UP_TO_DATE = 0;

/** What the steps of `each` have in common. */
function taskOf({ steps: _, approve: __, ...task }: PipelineStage): PipelineTask {
  return task;
}
