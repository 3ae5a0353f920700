/**
 * Runs the stages of a pipeline, one after another, then `finally`, and continues the chain with
 * `then`.
 */
import type { LiveOperation, Progress } from "liveops";
import { readRegularFile } from "../../../protocol/system/own-file.js";
import type { AttemptProgress } from "../../attempt/attempt-progress.js";
import { Failure, failWithResult } from "../../attempt/failure.js";
import { OperationCancelled } from "../../sdk/live-operation.js";
import type { PipelineFile, PipelineThen } from "../definition.js";
import { type FeatureRun, tasksOf } from "../feature.js";
import { PIPELINE_FEATURES } from "../features.js";
import { MAX_BYTES } from "../limits.js";
import { textOf as textOfValue } from "../template.js";
import { shortDuration, Workspace } from "./command.js";
import { runFinally, type StagesOutcome } from "./finally.js";
import { givenOf } from "./given.js";
import { Resume } from "./resume.js";
import { readSecrets } from "./secrets.js";
import { findShell, shellText } from "./shell.js";
import { type StageContext, type StageResult, StageRun } from "./stage.js";
import { type HandedOn, type Output, Variables } from "./variables.js";

export interface PipelineContext {
  file: PipelineFile;
  /** Parsed, with defaults. */
  params: Readonly<Record<string, unknown>>;
  operation: LiveOperation;
  /** Of a stage that runs alone. */
  handed?: HandedOn | undefined;
}

export interface PipelineResult {
  /** Exit code of the command that failed, or of the last command. */
  exitCode: number | null;
  /** The signal that ended the command that failed; absent after an exit. */
  signal?: string;
  /** Absent if no stage failed. */
  failedStage?: string;
  stages: Record<string, StageResult>;
  outputs: Record<string, Output>;
  /** What went wrong and did not fail the pipeline. */
  warnings?: string[];
}

/**
 * @throws the failure of a stage, after `finally`; the operation's result then has the exit code
 * and the stages
 */
export async function runPipeline(p: Progress<unknown>, context: PipelineContext): Promise<void> {
  const { file, params, operation, handed } = context;
  const { pipeline } = file;
  // The runner passes no other object.
  const progress = p as AttemptProgress;
  noteChange(progress, file, operation.attempt);
  const secrets = readSecrets(pipeline, params, operation.id);
  for (const value of secrets.values()) progress.masker.add(value);
  // The shipped type runs any file.
  progress.outcome.failIfOdd = pipeline.failIfOdd;
  const variables = new Variables(pipeline, params, secrets, handed);
  const workspace = new Workspace(operation.id);
  const run: FeatureRun = { pipeline, params, ...progress.build };
  const started = await Promise.all(PIPELINE_FEATURES.map((feature) => feature.start(run)));
  const features = started.filter((feature) => feature !== null);
  const deadline = deadlineOf(progress, context);
  const { signal } = deadline;
  const clear = () => {
    deadline.clear();
    workspace.remove();
  };
  // While the pipeline waits for approval, its code does not go on.
  progress.over.addEventListener("abort", clear, { once: true });
  try {
    await runAll(
      { p: progress, file, params, variables, workspace, features, deadline: signal },
      context,
    );
  } finally {
    clear();
    for (const feature of features) feature.end();
  }
}

/**
 * The timeout of the file, where the type has none: the shipped type runs files with any timeout.
 */
function deadlineOf(p: AttemptProgress, { file, operation }: PipelineContext) {
  const late = new AbortController();
  const { timeout } = file.pipeline;
  const ofType = (operation.constructor as { timeout?: number }).timeout;
  if (timeout === null || ofType !== undefined) return { signal: late.signal, clear: () => {} };
  const failure = new Failure("LIVEOPS_TIMEOUT", `it ran longer than its timeout of ${timeout} s`);
  delete failure.stack;
  const clear = p.clock.schedule(timeout * 1000, () => late.abort(failure), true);
  return { signal: late.signal, clear };
}

async function runAll(
  context: StageContext,
  { params, operation: { attempt } }: PipelineContext,
): Promise<void> {
  const { p, file, variables, deadline } = context;
  const { pipeline } = file;
  noteShell(context);
  const result: PipelineResult = { exitCode: 0, stages: {}, outputs: {} };
  const resume = new Resume(pipeline, params, attempt);
  let failure: { error: unknown } | null = null;
  try {
    for (const stage of pipeline.stages) {
      deadline.throwIfAborted();
      const run = new StageRun(context, resume, stage);
      try {
        result.stages[stage.name] = await run.perform();
      } catch (error) {
        run.failed();
        result.stages[stage.name] = run.result;
        const { exitCode, signal } = run.result;
        result.exitCode = exitCode;
        if (signal !== undefined) result.signal = signal;
        result.failedStage = stage.name;
        throw error;
      }
    }
    if (pipeline.then !== null) chain(context, pipeline.then);
  } catch (error) {
    failure = { error };
  }
  const outcome = outcomeOf(context, failure);
  for (const { name, outputs } of pipeline.stages) {
    if (name === result.failedStage) variables.setOutcome(name, outcome);
    if (name in result.stages) continue;
    variables.missOutputs(outputs, `the stage "${name}" did not run`);
    variables.setOutcome(name, "");
  }
  const problem = await runFinally(context, outcome, result.failedStage ?? null);
  if (problem !== null) result.warnings = [problem];
  result.outputs = variables.outputs;
  if (failure !== null) throw failWithResult(failure.error, result);
  p.checkCancelled();
  p.result(result);
}

function outcomeOf(
  { p, deadline }: StageContext,
  failure: { error: unknown } | null,
): StagesOutcome {
  if (p.stopReason !== null) return p.stopReason === "timeout" ? "timeout" : "cancelled";
  if (failure === null) return "succeeded";
  if (deadline.aborted) return "timeout";
  return failure.error instanceof OperationCancelled ? "cancelled" : "failed";
}

/** Says in the log that scripts run with less than people expect. */
function noteShell({ p, file }: StageContext): void {
  const { stages, finally: last } = file.pipeline;
  const tasks = tasksOf(stages);
  const commands = [...tasks.flatMap(({ run, when }) => [run, when]), last?.run];
  if (!commands.some((command) => command?.kind === "script")) return;
  const shell = findShell(process.env.PATH, process.cwd());
  if (shell.isBash) return;
  p.log(
    `scripts run as: ${shellText(shell)} SCRIPT; there is no bash on the PATH, so a failure in the middle of a pipe is not noticed`,
  );
}

/** Names the next operation. */
function chain(context: StageContext, { op, with: entries }: PipelineThen): void {
  const { scope } = context.variables.of({ env: new Map() }, {});
  const { params, words } = givenOf(context, entries, scope, "then.with");
  context.p.chainToNamed(op, params, words);
}

/**
 * Says in the log that a retry runs the text of the submit, although the file has changed since.
 */
function noteChange(p: AttemptProgress, { path, text }: PipelineFile, attempt: number): void {
  if (attempt === 1 || path === null) return;
  const now = textOf(path);
  if (now === text) return;
  const what = now === null ? "cannot be read now" : "has changed since the submit";
  p.log(
    `${path} ${what}; this attempt runs the text of the submit. The present text runs with: liveops retry ${process.env.LIVEOPS_OPERATION_ID} --current`,
  );
}

function textOf(path: string): string | null {
  try {
    return readRegularFile(path, MAX_BYTES).toString("utf8");
  } catch {
    return null;
  }
}

/**
 * The outputs, one a line, and the warnings; without outputs, what the stages took, or how many are
 * done.
 */
export function pipelineResultText({ stages, outputs, warnings = [] }: PipelineResult): string {
  const lines = Object.entries(outputs).map(([name, output]) => {
    const value = textOfValue(output);
    return value.includes("\n") ? `${name}:\n${value.replace(/^/gm, "  ")}` : `${name}=${value}`;
  });
  if (lines.length === 0) lines.push(stagesText(stages));
  return [...lines, ...warnings.map((warning) => `warning: ${warning}`)].join("\n");
}

function stagesText(all: Record<string, StageResult>): string {
  const stages = Object.values(all);
  const skipped = stages.filter((stage) => stage.skipped !== undefined).length;
  const failed = stages.filter((stage) => stage.allowedFailure).length;
  const unchanged = stages.filter((stage) => stage.upToDate !== undefined).length;
  const done = stages.length - skipped - failed - unchanged;
  if (unchanged === stages.length)
    return `up to date: ${unchanged} ${unchanged === 1 ? "stage" : "stages"}`;
  if (done === stages.length) {
    const took = ({ seconds }: StageResult) => (seconds === 0 ? "" : ` ${shortDuration(seconds)}`);
    return Object.entries(all)
      .map(([name, stage]) => name + took(stage))
      .join(", ");
  }
  const parts = [`${done} of ${stages.length} stages done`];
  if (unchanged > 0) parts.push(`${unchanged} up to date`);
  if (skipped > 0) parts.push(`${skipped} skipped`);
  if (failed > 0) parts.push(`${failed} failed, which is allowed`);
  return parts.join(", ");
}
