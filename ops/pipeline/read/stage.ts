/** Reads a stage, `finally` and `then`. */
import {
  FINALLY_KEYS,
  RETRY_KEYS,
  STAGE_KEYS,
  STEP_KEYS,
  THEN_KEYS,
} from "../../../protocol/pipeline/keys.js";
import { A_COMMAND, MAX_ATTEMPTS, MAX_STAGE_NAME } from "../../../protocol/pipeline/values.js";
import { OP_PATTERN } from "../../../protocol/type-names.js";
import type {
  Command,
  PipelineApproval,
  PipelineCommand,
  PipelineStage,
  PipelineTask,
  PipelineThen,
  Retry,
} from "../definition.js";
import { TaskRunner } from "../feature.js";
import { PIPELINE_FEATURES } from "../features.js";
import { APPROVED, readApproval } from "./approval.js";
import { quoted } from "./problems.js";
import { nameProblem, type Scope } from "./scope.js";
import { readSteps } from "./steps.js";
import type { Field, Section } from "./values.js";

/** In place of a command that has problems. */
const NO_COMMAND: Command = { kind: "words", words: [], line: 0 };

const ONCE: Retry = { attempts: 1, backoff: 1, exit: null };

/** @param scope - gets the outputs of the stage */
export function readStage(field: Field, scope: Scope): PipelineStage {
  const section = field.section("a stage", STAGE_KEYS);
  if (section === null) return NO_STAGE;
  const isParallel = section.get("parallel") !== undefined;
  const approve = readApproval(section, scope);
  if (approve !== null) return approvalStage(section, approve, scope);
  if (!isParallel) checkRuns(section, field, "a stage", "op, parallel or approve");
  const inner = scope.inner();
  // The command and its env may use the values of `each`; the steps of `parallel` use the env of
  // the stage.
  const each = isParallel ? null : readSteps(section, inner, () => NO_STAGE);
  const task = taskOf(section, inner, scope);
  const steps = isParallel
    ? readSteps(section, inner, (item) => readStep(item, task, inner, scope))
    : each;
  const ofSteps = steps?.parallel.flatMap((step) => step.outputs) ?? [];
  const outputs = [...new Set([...task.outputs, ...ofSteps])];
  for (const output of outputs) scope.addOutput(output, task.name);
  scope.addOutcome(task.name);
  return { ...task, outputs, steps, approve: null };
}

function approvalStage(
  section: Section<keyof typeof STAGE_KEYS>,
  approve: PipelineApproval,
  scope: Scope,
): PipelineStage {
  const task = {
    ...NO_STAGE,
    name: nameOf(section.get("name")),
    when: section.get("when")?.command(scope.inner()) ?? null,
    allowFailure: section.get("allow_failure")?.flag() ?? false,
    outputs: [APPROVED],
  };
  const taken = scope.addAnswer(APPROVED, task.name);
  if (taken !== null)
    section
      .get("approve")!
      .keyProblem(
        `the answer is the output ${APPROVED}, and that is the name of ${taken}; rename the latter`,
      );
  scope.addOutcome(task.name);
  return { ...task, steps: null, approve };
}

/**
 * @param outer - without the outputs of the stage: steps that run side by side do not have those of
 * each other
 */
function readStep(field: Field, stage: PipelineTask, scope: Scope, outer: Scope): PipelineTask {
  const section = field.section("a step", STEP_KEYS);
  if (section === null) return NO_STAGE;
  checkRuns(section, field, "a step", "op");
  const task = taskOf(section, scope.inner(), outer);
  return { ...task, env: new Map([...stage.env, ...task.env]), cwd: task.cwd ?? stage.cwd };
}

function checkRuns(
  section: Section<keyof typeof STEP_KEYS>,
  { problems, key }: Field,
  what: string,
  others: string,
): void {
  if (section.get("run") === undefined && section.get("op") === undefined)
    problems.add(section.at, `${key}.run`, `${what} needs the key run: ${A_COMMAND}; or ${others}`);
}

function taskOf(
  section: Section<keyof typeof STEP_KEYS>,
  scope: Scope,
  outer: Scope,
): PipelineTask {
  const parts = partsOf(section, scope);
  const rules = PIPELINE_FEATURES.flatMap((feature) => feature.read(section, scope) ?? []);
  const outputs = section.get("outputs");
  return {
    ...parts,
    name: nameOf(section.get("name")),
    when: section.get("when")?.command(scope) ?? null,
    retry: retryOf(section.get("retry")),
    allowFailure: section.get("allow_failure")?.flag() ?? false,
    outputs:
      outputs === undefined
        ? (TaskRunner.of({ rules })?.outputs ?? []).filter((name) => outer.mayTell(name))
        : outputsOf(outputs, outer),
    rules,
  };
}

/** A script, a list of words, or a map. */
export function readFinally(field: Field | undefined, scope: Scope): PipelineCommand | null {
  if (field === undefined) return null;
  if (field.node.kind !== "map")
    return { ...NOTHING, run: field.command(scope.inner()) ?? NO_COMMAND };
  const section = field.section("finally", FINALLY_KEYS);
  return section && partsOf(section, scope.inner());
}

export function readThen(field: Field | undefined, scope: Scope): PipelineThen | null {
  const section = field?.section("then", THEN_KEYS);
  if (!section) return null;
  const op = section.get("op");
  const name = op?.text() ?? "";
  if (name !== "" && !OP_PATTERN.test(name)) op?.refuse();
  const values = section.get("with")?.entries("") ?? [];
  return {
    op: name,
    ...(op?.node.at ?? section.at),
    with: new Map(values.map(([key, value]) => [key, value.value(scope, "with")])),
  };
}

/** What a stage and `finally` have in common. */
function partsOf(section: Section<keyof typeof FINALLY_KEYS>, scope: Scope): PipelineCommand {
  const env = section.get("env")?.env(scope) ?? new Map();
  const cwd = section.get("cwd");
  if (cwd?.is("file"))
    cwd.problem(
      `${cwd.key}: file is for the cwd of the pipeline; write ./file for a directory of that name`,
    );
  return {
    run: section.get("run")?.command(scope) ?? NO_COMMAND,
    env,
    cwd: cwd?.template(scope, "cwd") ?? null,
    timeout: section.get("timeout")?.duration("above 0") ?? null,
    tty: section.get("tty")?.flag() ?? false,
  };
}

function nameOf(field: Field | undefined): string {
  const text = field?.scalar()?.text;
  if (text === undefined) return "";
  const isName =
    text.trim() !== "" && text.length <= MAX_STAGE_NAME && !/[\x00-\x1f\x7f]/.test(text);
  if (!isName) field?.refuse();
  return text;
}

function retryOf(field: Field | undefined): Retry {
  const section = field?.section("retry", RETRY_KEYS);
  if (!section) return ONCE;
  const codes = section.get("exit")?.items("an exit code from 1 to 255");
  return {
    attempts: section.get("attempts")?.whole(MAX_ATTEMPTS) ?? 1,
    backoff: section.get("backoff")?.duration(0) ?? ONCE.backoff,
    exit: codes?.map((code) => code.whole(255)) ?? null,
  };
}

function outputsOf(field: Field, scope: Scope): string[] {
  const names: string[] = [];
  for (const item of field.items("the name of an output")) {
    const name = item.text();
    if (name === null) continue;
    const taken = names.includes(name) ? `the output ${name} of the same stage` : scope.taken(name);
    const problem =
      nameProblem(name, true) ??
      (taken === null ? null : `${quoted(name)} is the name of ${taken}; choose another name`);
    if (problem === null) names.push(name);
    else item.problem(`${field.key}: ${problem}`);
  }
  return names;
}

const NOTHING: PipelineCommand = {
  run: NO_COMMAND,
  env: new Map(),
  cwd: null,
  timeout: null,
  tty: false,
};

const NO_STAGE: PipelineStage = {
  ...NOTHING,
  name: "",
  when: null,
  retry: ONCE,
  allowFailure: false,
  outputs: [],
  rules: [],
  steps: null,
  approve: null,
};
