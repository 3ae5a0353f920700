/** Runs the command of a stage or of a step: `when`, `retry`, `timeout` and `outputs`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Unrun } from "../../attempt/stage-not-run.js";
import { ExecError, type ExecResult } from "../../sdk/exec.js";
import type { Command, PipelineTask } from "../definition.js";
import { type TaskContext, type TaskGuard, TaskRunner, type Verdict } from "../feature.js";
import {
  CommandFailure,
  CommandTimeout,
  placed,
  runCommand,
  shortDuration,
  type TaskPlace,
  wordsText,
} from "./command.js";
import { OutputError, readOutputs, readWrittenOutputs } from "./outputs.js";
import type { Resume, StageRecord } from "./resume.js";
import type { Output } from "./variables.js";

/** Longest pause between two runs of a command, in seconds. */
const MAX_BACKOFF = 3600;

export type Decision =
  | { kind: "run" }
  | { kind: "skip"; reason: string }
  | { kind: "fail"; error: unknown };

/** Runs a command in a block of its own, such as an untracked stage. */
type Within = <T>(label: string, block: () => Promise<T>) => Promise<T>;

/** What a task of an attempt did until now, also after it failed. */
export class TaskRun {
  attempts = 0;
  exitCode: number | null = null;
  signal: string | null = null;
  seconds = 0;
  /** What the last run of the command had written when it failed. */
  written: Record<string, string> = {};

  #guard: TaskGuard | null = null;

  constructor(
    private readonly context: TaskContext,
    private readonly resume: Resume,
    private readonly task: PipelineTask,
    private readonly place: TaskPlace,
  ) {}

  get result() {
    const { exitCode, signal, attempts, seconds } = this;
    return { exitCode, signal: signal ?? undefined, attempts, seconds };
  }

  /** Asks `when`. */
  async decide(within: Within = inPlace): Promise<Decision> {
    const { when, timeout } = this.task;
    if (when === null) return { kind: "run" };
    const { p, deadline } = this.context;
    const { stage, values } = this.place;
    const label = `when of "${this.place.label}"`;
    try {
      const own = { LIVEOPS_STAGE: stage };
      const instead = { command: when, of: "condition" } as const;
      const options = { label, own, timeout, instead, values };
      // Without a terminal, so that a test prints as it does in a script.
      const isYes = await within(label, () =>
        runCommand(this.context, { ...this.task, tty: false }, options).then(() => true, isNo),
      );
      return isYes
        ? { kind: "run" }
        : { kind: "skip", reason: `when exited with 1: ${textOf(when)}` };
    } catch (error) {
      p.checkCancelled();
      deadline.throwIfAborted();
      if (error instanceof ExecError) this.#ended(error);
      return { kind: "fail", error: placed(error, label, this.context.file, when) };
    }
  }

  /**
   * Why the stored value of an earlier attempt does not count: something changed since; null:
   * nothing did.
   */
  async whyChanged(): Promise<string | null> {
    const verdict = await this.#look();
    return verdict === null || verdict.isUpToDate ? null : verdict.changed;
  }

  /** Null: the task always runs. */
  async #look(): Promise<Verdict | null> {
    const { context, task, place } = this;
    const { p, deadline, features } = context;
    const feature = features.find((each) => each.hasRule(task));
    if (feature === undefined) return null;
    try {
      this.#guard ??= feature.guard(context, task, place);
      return await this.#guard.look();
    } catch (error) {
      p.checkCancelled();
      deadline.throwIfAborted();
      throw error;
    }
  }

  /**
   * Runs the command until it succeeds, or is not to run again.
   *
   * @throws Unrun if the task is up to date
   */
  async run(): Promise<StageRecord> {
    try {
      return await this.#run();
    } catch (error) {
      throw placed(error, `"${this.place.label}"`, this.context.file, this.task.run);
    }
  }

  async #run(): Promise<StageRecord> {
    const { p, deadline } = this.context;
    const { retry } = this.task;
    const verdict = await this.#look();
    if (verdict?.isUpToDate) {
      const { reason, saved, outputs } = verdict;
      this.written = outputs;
      throw new Unrun({ state: "up-to-date", reason, saved });
    }
    if (verdict) p.explain(`runs: ${verdict.why}`);
    this.#guard?.begins();
    for (;;) {
      this.attempts++;
      try {
        const record = await this.#runOnce();
        await this.#guard?.ended(this.seconds, record.outputs as Record<string, string>);
        if (this.attempts > 1)
          this.#tell(`attempt ${this.attempts} of ${retry.attempts} succeeded`);
        return record;
      } catch (error) {
        p.checkCancelled();
        deadline.throwIfAborted();
        if (this.attempts >= retry.attempts || !this.#mayRetry(error)) throw error;
        await this.#pause(error as Error);
      }
    }
  }

  async #runOnce(): Promise<StageRecord> {
    const { masker } = this.context.p;
    this.written = {};
    const started = performance.now();
    const runner = TaskRunner.of(this.task);
    let outputs: Record<string, Output>;
    let seconds: number | null = null;
    try {
      if (runner === undefined) outputs = await this.#runCommand();
      else {
        const end = await runner.run(this.context, this.task, this.place, this.attempts > 1);
        ({ outputs, seconds } = end);
        this.#ended({ exitCode: end.exitCode, signal: null });
      }
    } catch (error) {
      this.#ended({
        exitCode: exitCodeOf(error),
        signal: error instanceof ExecError ? error.signal : null,
      });
      throw error;
    } finally {
      this.seconds = seconds ?? Math.round(performance.now() - started) / 1000;
    }
    for (const [output, value] of Object.entries(outputs))
      if ([value].flat().some((text) => masker.finds(text)))
        throw new OutputError(
          `the output ${output} contains a secret, and outputs are stored in clear`,
        );
    return { ...this.resume.basis(this.task, this.place.values), ...this.result, outputs };
  }

  async #runCommand(): Promise<Record<string, string>> {
    const { p, workspace } = this.context;
    const { outputs: declared } = this.task;
    const { label, stage, values } = this.place;
    const room = workspace.room();
    const file = join(room.dir, "output");
    try {
      writeFileSync(file, "", { mode: 0o600 });
      const own = { LIVEOPS_STAGE: stage, LIVEOPS_OUTPUT: file };
      const options = { label: `"${label}"`, own, values };
      const result = await runCommand(this.context, this.task, options).catch((error) => {
        const written = Object.entries(readWrittenOutputs(file, declared));
        this.written = Object.fromEntries(written.filter(([, value]) => !p.masker.finds(value)));
        throw error;
      });
      this.#ended(result);
      return readOutputs(file, declared, p.masker, result.outputs);
    } finally {
      room.remove();
    }
  }

  #ended({ exitCode, signal }: Pick<ExecResult, "exitCode" | "signal">): void {
    this.exitCode = exitCode;
    this.signal = signal;
  }

  #mayRetry(error: unknown): boolean {
    const { exit } = this.task.retry;
    if (error instanceof CommandTimeout) return exit === null;
    // The error of a program, or of an operation.
    if (!("exitCode" in Object(error))) return false;
    const code = exitCodeOf(error);
    return exit === null || (code !== null && exit.includes(code));
  }

  /** Waits before the next run. @throws OperationCancelled at once after a stop request */
  async #pause(error: Error): Promise<void> {
    const { p, deadline } = this.context;
    const { attempts, backoff } = this.task.retry;
    const longest = Math.max(MAX_BACKOFF, backoff);
    const seconds = Math.min(longest, backoff * 2 ** (this.attempts - 1));
    const next = `attempt ${this.attempts + 1} of ${attempts} in ${shortDuration(seconds)}`;
    p.log(`${error.message.split("\n", 1)[0]}; ${next}`);
    this.#tell(next, "warning");
    const signal = AbortSignal.any([p.signal, deadline]);
    await delay(seconds * 1000, undefined, { signal }).catch(() => {});
    p.checkCancelled();
    deadline.throwIfAborted();
    this.#tell(`attempt ${this.attempts + 1} of ${attempts}`);
  }

  /**
   * The status of the operation stays through later stages, so that it names the stage. A step has
   * a status of its own.
   */
  #tell(text: string, level?: "warning"): void {
    const { label, stage } = this.place;
    this.context.p.status(label === stage ? `${stage}: ${text}` : text, level);
  }
}

/** Of the program that failed, or of the one in the operation that failed. */
function exitCodeOf(error: unknown): number | null {
  const { exitCode } = Object(error) as { exitCode?: unknown };
  return typeof exitCode === "number" ? exitCode : null;
}

const inPlace: Within = (_label, block) => block();

/** False: the condition exited with 1, which is an answer. @throws any other failure */
function isNo(error: unknown): false {
  const isBroken = error instanceof CommandFailure && error.isBroken;
  if (error instanceof ExecError && error.exitCode === 1 && !isBroken) return false;
  throw error;
}

function textOf(condition: Command): string {
  const text = condition.kind === "script" ? condition.script : wordsText(condition.words);
  return text.trim().replace(/\s+/g, " ").slice(0, 120);
}
