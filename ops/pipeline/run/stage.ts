/** Runs one stage of a pipeline: `when`, `retry`, `timeout`, `outputs` and `allow_failure`. */
import { setTimeout as delay } from "node:timers/promises";
import { ExecError, type ExecResult } from "../../sdk/exec.js";
import type { PipelineStage } from "../definition.js";
import { OutputError, readOutputs, readWrittenOutputs } from "./outputs.js";
import type { Resume, StageRecord } from "./resume.js";
import { durationText, runStep, type StepContext, StepFailure, StepTimeout, wordsText } from "./step.js";

export interface StageResult {
  /** Null: the stage was skipped, or ended by a signal or its timeout. */
  exitCode: number | null;
  /** The signal that ended the command; absent after an exit. */
  signal?: string;
  /** Runs of the command. */
  attempts: number;
  /** Duration of the last run. */
  seconds: number;
  /** Why the stage was skipped. */
  skipped?: string;
  /** The stage failed, and the pipeline continued. */
  allowedFailure?: true;
}

/** Longest pause between two runs of a command, in seconds. */
const MAX_BACKOFF = 3600;

/** A stage of an attempt: what it did until now, also after it failed. */
export class StageRun {
  attempts = 0;
  exitCode: number | null = null;
  signal: string | null = null;
  seconds = 0;
  /** What the last run of the command had written when it failed. */
  #written: Record<string, string> = {};

  constructor(
    private readonly context: StepContext,
    private readonly resume: Resume,
    private readonly stage: PipelineStage,
  ) {}

  /** Runs or resumes the stage. @throws the failure of the stage, unless it is allowed */
  async perform(): Promise<StageResult> {
    const { p, variables, deadline } = this.context;
    const { name, outputs, allowFailure } = this.stage;
    const stored = p.stages.stored(name);
    const again = stored === undefined ? null : this.resume.whyAgain(this.stage, stored.value);
    let decision: Decision = { kind: "run" };
    if (stored === undefined || again !== null) decision = await this.#decide();
    if (decision.kind === "skip") {
      p.skip(name, decision.reason);
      variables.missOutputs(outputs, `the stage "${name}" was skipped`);
      this.resume.passed(null);
      return { exitCode: null, attempts: 0, seconds: 0, skipped: decision.reason };
    }
    const block = (): Promise<StageRecord> => {
      if (decision.kind === "fail") throw decision.error;
      return this.#run();
    };
    const record = await p.stage(name, block, { allowFailure, ...(again !== null && { again }) });
    if (record === undefined) {
      deadline.throwIfAborted();
      this.failed();
      this.resume.passed(null);
      return { ...this.result, allowedFailure: true };
    }
    variables.setOutputs(record.outputs);
    this.resume.passed(stored !== undefined && again === null ? stored.attempt : this.resume.attempt);
    return { exitCode: record.exitCode, attempts: record.attempts, seconds: record.seconds };
  }

  /** Call after a failure: keeps the outputs that the command has written. */
  failed(): void {
    const { name, outputs } = this.stage;
    this.context.variables.setOutputs(this.#written);
    this.context.variables.missOutputs(outputs, `the stage "${name}" failed`);
  }

  get result(): StageResult {
    const { exitCode, signal, attempts, seconds } = this;
    return { exitCode, ...(signal !== null && { signal }), attempts, seconds };
  }

  /** Asks `when`. Its error is that of the stage, so it is thrown within the stage. */
  async #decide(): Promise<Decision> {
    const { stage } = this;
    const { name, when, timeout } = stage;
    if (when === null) return { kind: "run" };
    const { p, deadline } = this.context;
    try {
      const own = { LIVEOPS_STAGE: name };
      const label = `when of "${name}"`;
      // Without a terminal, so that a test prints as it does in a script.
      const step = { ...stage, tty: false };
      await p.untracked(label, () => runStep(this.context, step, { label, own, timeout, condition: when }));
      return { kind: "run" };
    } catch (error) {
      p.checkCancelled();
      deadline.throwIfAborted();
      if (!(error instanceof ExecError)) return { kind: "fail", error };
      this.#ended(error);
      const isError = error instanceof StepFailure && error.isBroken;
      if (error.exitCode !== 1 || isError) return { kind: "fail", error };
      return { kind: "skip", reason: `when exited with 1: ${textOf(when)}` };
    }
  }

  async #run(): Promise<StageRecord> {
    const { p, deadline } = this.context;
    const { retry } = this.stage;
    for (;;) {
      this.attempts++;
      try {
        return await this.#runOnce();
      } catch (error) {
        p.checkCancelled();
        deadline.throwIfAborted();
        if (this.attempts >= retry.attempts || !this.#mayRetry(error)) throw error;
        await this.#pause(error as Error);
      }
    }
  }

  async #runOnce(): Promise<StageRecord> {
    const { p, workspace } = this.context;
    const { name, outputs: declared } = this.stage;
    const file = workspace.outputFile();
    this.#written = {};
    const started = performance.now();
    let reported: Record<string, string> | undefined;
    try {
      const own = { LIVEOPS_STAGE: name, LIVEOPS_OUTPUT: file };
      const result = await runStep(this.context, this.stage, { label: `"${name}"`, own });
      this.#ended(result);
      reported = result.outputs;
    } catch (error) {
      this.#ended(error instanceof ExecError ? error : { exitCode: null, signal: null });
      const written = Object.entries(readWrittenOutputs(file, declared));
      this.#written = Object.fromEntries(written.filter(([, value]) => !p.masker.finds(value)));
      throw error;
    } finally {
      this.seconds = Math.round(performance.now() - started) / 1000;
    }
    const outputs = readOutputs(file, declared, p.masker, reported);
    for (const [output, value] of Object.entries(outputs))
      if (p.masker.finds(value))
        throw new OutputError(`the output ${output} contains a secret, and outputs are stored in clear`);
    return { ...this.resume.basis(this.stage), ...this.result, outputs };
  }

  #ended({ exitCode, signal }: Pick<ExecResult, "exitCode" | "signal">): void {
    this.exitCode = exitCode;
    this.signal = signal;
  }

  #mayRetry(error: unknown): boolean {
    const { exit } = this.stage.retry;
    if (error instanceof StepTimeout) return exit === null;
    if (!(error instanceof ExecError)) return false;
    return exit === null || (error.exitCode !== null && exit.includes(error.exitCode));
  }

  /** Waits before the next run. @throws OperationCancelled at once after a stop request */
  async #pause(error: Error): Promise<void> {
    const { p, deadline } = this.context;
    const { attempts, backoff } = this.stage.retry;
    const seconds = Math.min(MAX_BACKOFF, backoff * 2 ** (this.attempts - 1));
    const next = `attempt ${this.attempts + 1} of ${attempts} in ${durationText(seconds)}`;
    p.log(`${error.message.split("\n", 1)[0]}; ${next}`);
    p.status(next, "warning");
    const signal = AbortSignal.any([p.signal, deadline]);
    await delay(seconds * 1000, undefined, { signal }).catch(() => {});
    p.checkCancelled();
    deadline.throwIfAborted();
    p.status(`attempt ${this.attempts + 1} of ${attempts}`);
  }
}

type Decision = { kind: "run" } | { kind: "skip"; reason: string } | { kind: "fail"; error: unknown };

function textOf(when: NonNullable<PipelineStage["when"]>): string {
  const text = when.kind === "script" ? when.script : wordsText(when.words);
  return text.trim().replace(/\s+/g, " ").slice(0, 120);
}
