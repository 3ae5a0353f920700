/**
 * Where and with what a stage of a pipeline runs, for `liveops shell`: by the code that runs the
 * stage.
 */
import { operationVariables } from "../../../ops/attempt/operation-variables.js";
import type {
  PipelineFile,
  PipelineStage,
  PipelineTask,
} from "../../../ops/pipeline/definition.js";
import { paramsSchema } from "../../../ops/pipeline/params-schema.js";
import { parsePipeline } from "../../../ops/pipeline/read/parse.js";
import { directoryOf } from "../../../ops/pipeline/run/command.js";
import { valuesOfEach } from "../../../ops/pipeline/run/each.js";
import { type OnlyTask, onlyTask } from "../../../ops/pipeline/run/only.js";
import { readWrittenOutputs } from "../../../ops/pipeline/run/outputs.js";
import { readSecrets } from "../../../ops/pipeline/run/secrets.js";
import { type Environment, Variables } from "../../../ops/pipeline/run/variables.js";
import { fill } from "../../../ops/pipeline/template.js";
import { handSecrets } from "../../../ops/secrets/handed-secrets.js";
import type { Operation } from "../../../protocol/operation.js";
import { keptTextIn } from "../../../protocol/pipeline/kept-text.js";
import type { ShellReply } from "../../../protocol/replies.js";
import { shellLine } from "../../../protocol/text/shell-quote.js";

export interface Place {
  /** Null: the operation failed outside of its stages, or has none. */
  stage: string | null;
  step: string | null;
}

/** Where and with what the command of a stage runs. */
export interface StageShell {
  cwd: string;
  /** Undefined: the variable is not set. */
  env: Readonly<Record<string, string | undefined>>;
  /** What could not be found again, in words; no value of a secret. */
  leftOut: readonly string[];
  /** The command of the stage, as a shell takes it; null: it is code. */
  command: string | null;
  /** Names of the outputs that the stage declares. */
  outputs: readonly string[];
}

/**
 * Uses the directory and the variables of this process, as the code of a stage does: call it in the
 * directory of the submit.
 *
 * @param outputFile - for `$LIVEOPS_OUTPUT`
 */
export async function stageShell(
  record: Operation,
  { env, secrets, source, outputs }: ShellReply,
  place: Place,
  outputFile: string,
): Promise<StageShell> {
  const before = { ...process.env };
  replaceEnvironment({ ...env, ...operationVariables({ ...record, slot: record.slot ?? 1 }) });
  const taken = handSecrets({ ...secrets, ...ofThisShell(before) });
  try {
    return await inStage(record, source, outputs, place, outputFile);
  } finally {
    taken();
    replaceEnvironment(before);
  }
}

/** A retry from this shell would hand over its variables, too. */
function ofThisShell(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value ? [[`env:${name}`, value]] : [])),
  );
}

function replaceEnvironment(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env))
    if (env[name] === undefined) delete process.env[name];
  Object.assign(process.env, env);
}

async function inStage(
  { id, op, params }: Operation,
  source: ShellReply["source"],
  outputs: ShellReply["outputs"],
  place: Place,
  outputFile: string,
): Promise<StageShell> {
  const { text, path, files } = source ?? keptTextIn(params)!;
  const parsed = parsePipeline(text, path, files);
  if (!parsed.ok)
    throw new Error(`the pipeline of ${id} cannot be read: ${parsed.problems[0]?.message}`);
  // The type has checked it.
  const only =
    source === null && op === "pipeline" ? (params.only as OnlyTask | undefined) : undefined;
  const file = (only && onlyTask(parsed.file, only)) ?? parsed.file;
  const { pipeline } = file;
  const given = source === null && op === "pipeline" ? (params.params ?? {}) : params;
  const values = (await paramsSchema(pipeline.params).parseAsync(given)) as Record<string, unknown>;
  const leftOut: string[] = [];
  const secrets = new Map<string, string>();
  for (const param of pipeline.params.filter(({ secret }) => secret)) {
    try {
      for (const each of readSecrets({ ...pipeline, params: [param] }, values, id))
        secrets.set(...each);
    } catch (error) {
      leftOut.push((error as Error).message);
    }
  }
  const variables = new Variables(pipeline, values, secrets, only);
  const at = pipeline.stages.findIndex(({ name }) => name === place.stage);
  for (const stage of pipeline.stages.slice(0, Math.max(0, at))) {
    const told = outputs.find((each) => each.stage === stage.name)?.outputs;
    if (told !== undefined) variables.setOutputs(told);
    variables.missOutputs(stage.outputs, `the stage "${stage.name}" is not done`);
  }
  const { task, each } = taskAt(file, variables, pipeline.stages[at], place.step, leftOut);
  const { stage, step } = place;
  const own = {
    LIVEOPS_OUTPUT: outputFile,
    ...(stage !== null && { LIVEOPS_STAGE: stage }),
    ...(step !== null && { LIVEOPS_STEP: step }),
  };
  const { env, scope } = orLeftOut(
    () => variables.of(task ?? { env: new Map() }, own, each),
    () => variables.of({ env: new Map() }, own),
    leftOut,
  );
  const cwd = orLeftOut(
    () => directoryOf(file, task?.cwd ?? null, (template) => fill(template, scope)),
    () => directoryOf({ ...file, pipeline: { ...pipeline, cwd: null } }, null, () => ""),
    leftOut,
  );
  return {
    cwd,
    leftOut,
    outputs: task?.outputs ?? [],
    env: { ...process.env, ...env } as Environment,
    command:
      task === null
        ? null
        : orLeftOut(
            () => commandOf(task, scope),
            () => null,
            leftOut,
          ),
  };
}

function orLeftOut<T>(make: () => T, otherwise: () => T, leftOut: string[]): T {
  try {
    return make();
  } catch (error) {
    leftOut.push((error as Error).message);
    return otherwise();
  }
}

/** The step of the stage, or the stage itself. */
function taskAt(
  file: PipelineFile,
  variables: Variables,
  stage: PipelineStage | undefined,
  step: string | null,
  leftOut: string[],
): { task: PipelineTask | null; each?: ReadonlyMap<string, string> } {
  if (stage === undefined) return { task: null };
  const { steps } = stage;
  if (steps === null || step === null) return { task: stage };
  if (steps.each.length === 0)
    return { task: steps.parallel.find(({ name }) => name === step) ?? stage };
  const all = orLeftOut(
    () => valuesOfEach({ file, variables }, steps.each),
    () => [],
    leftOut,
  );
  const each = all.find((one) => one.step === step)?.values;
  return { task: stage, ...(each && { each }) };
}

/** Null: the stage asks a person, or has steps. */
function commandOf({ run }: PipelineTask, scope: Parameters<typeof fill>[1]): string | null {
  const command =
    run.kind === "script"
      ? run.script.replace(/\n+$/, "")
      : shellLine(run.words.map((word) => fill(word, scope)));
  return command || null;
}

/** What the person's commands wrote to `$LIVEOPS_OUTPUT`. */
export function writtenOutputs(file: string, declared: readonly string[]): Record<string, string> {
  return readWrittenOutputs(file, declared);
}
