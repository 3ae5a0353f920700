/** Runs operations inside of the stages and steps of a pipeline. */
import { getOwn, isPlainObject } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ChildCall } from "../../attempt/children.js";
import { stepVariables } from "../../attempt/operation-variables.js";
import type { PipelineFile, PipelineTask } from "../../pipeline/definition.js";
import type { TaskContext, TaskEnd } from "../../pipeline/feature.js";
import { ANY_PIPELINE } from "../../pipeline/file-name.js";
import { paramsSchema } from "../../pipeline/params-schema.js";
import { CommandTimeout, directoryOf, type TaskPlace } from "../../pipeline/run/command.js";
import { givenOf } from "../../pipeline/run/given.js";
import type { OnlyTask } from "../../pipeline/run/only.js";
import { OutputError } from "../../pipeline/run/outputs.js";
import type { Output } from "../../pipeline/run/variables.js";
import { fill } from "../../pipeline/template.js";
import { inputSchema } from "../../types/describe-type.js";
import { readWords } from "../../types/words.js";
import type { NestedCall } from "./call.js";

/** @throws the error of the operation, with its place; CommandTimeout */
export async function runNested(
  { op, params: entries, queue, at }: NestedCall,
  context: TaskContext,
  task: PipelineTask,
  { label, stage, values }: TaskPlace,
): Promise<TaskEnd> {
  const { p, file, variables } = context;
  const { env: all, scope } = variables.of(task, { LIVEOPS_STAGE: stage }, values);
  const given = givenOf(context, entries, scope, `with of "${label}"`);
  const env = Object.fromEntries([...task.env.keys()].flatMap((name) => entryOf(name, all[name])));
  const call: ChildCall = {
    ...(op.kind === "type" ? { type: op.name, ...given } : callOf(op.file, given.params, given.words)),
    ...(queue !== null && { queue: queue.name }),
    cwd: directoryOf(file, task.cwd, (template) => fill(template, scope)),
    env,
  };
  const late = new AbortController();
  const { timeout } = task;
  const place = { file: at.file ?? file.path ?? "stdin", line: at.line };
  const isLate = () => late.abort(new CommandTimeout(`"${label}"`, timeout!, place));
  let clear: (() => void) | undefined;
  const onStart = () => {
    if (timeout !== null) clear ??= p.clock.schedule(timeout * 1000, isLate, true);
  };
  try {
    const record = await childOf(context, call, { signal: late.signal, onStart });
    // An output of a stage that was skipped is missing.
    const outputs = outputsOf(record, task.outputs, op.kind === "file" && op.file.pipeline.then === null);
    return { ...endOf(record), outputs };
  } catch (error) {
    late.signal.throwIfAborted();
    throw error;
  } finally {
    clear?.();
  }
}

/** The command of the task, as an operation of the shipped type that runs a part of this same text. */
export async function runQueued(
  queue: string,
  context: TaskContext,
  task: PipelineTask,
  { label, stage, values = new Map() }: TaskPlace,
): Promise<TaskEnd> {
  const { file, params, variables } = context;
  const { text, path, files } = file;
  const step = label === stage ? undefined : task.name;
  const own = new Map([...values, ...Object.entries(step === undefined ? {} : stepVariables(step))]);
  const only: OnlyTask = { stage, ...(step !== undefined && { step }), ...variables.handOn(own) };
  const call = { type: ANY_PIPELINE, params: { text, path, files, params, only }, queue };
  const record = await childOf(context, call, {}).catch((error: Error) => {
    // The operation has only this stage.
    const place = `${task.name} › ${stage}: `;
    if (error.message.startsWith(place)) error.message = error.message.slice(place.length);
    throw error;
  });
  return { ...endOf(record), outputs: outputsOf(record, task.outputs, false) };
}

/** @throws the reason of the deadline, where the pipeline has run too long */
async function childOf(
  { p, deadline }: TaskContext,
  call: ChildCall,
  { signal, onStart }: { signal?: AbortSignal; onStart?: () => void },
): Promise<Operation> {
  try {
    const signals = signal === undefined ? [deadline] : [deadline, signal];
    return await p.child(call, { signal: AbortSignal.any(signals), ...(onStart && { onStart }) });
  } catch (error) {
    deadline.throwIfAborted();
    throw error;
  }
}

/** The file as an operation of the shipped type that runs any file: that type cannot read the words. */
function callOf(
  { pipeline, text, path, files }: PipelineFile,
  params: Record<string, unknown>,
  words: readonly string[],
): Pick<ChildCall, "type" | "params"> {
  const given = { ...params };
  const texts = [...words];
  for (const { name, type, secret } of pipeline.params) {
    const value = getOwn(given, name);
    if (secret || type === "string" || type === "list" || typeof value !== "string") continue;
    delete given[name];
    texts.push(`${name}=${value}`);
  }
  const read = readWords(inputSchema(paramsSchema(pipeline.params)), given, texts, [
    "liveops",
    "submit",
    path!,
  ]);
  return { type: ANY_PIPELINE, params: { text, path, files, params: read } };
}

function entryOf(name: string, value: string | undefined): Array<[string, string]> {
  return value === undefined ? [] : [[name, value]];
}

function endOf({ result, startedAt, finishedAt }: Operation): Omit<TaskEnd, "outputs"> {
  const exitCode = isPlainObject(result) && typeof result.exitCode === "number" ? result.exitCode : 0;
  const seconds = (Date.parse(finishedAt ?? "") - Date.parse(startedAt ?? "")) / 1000;
  return { exitCode, seconds: Number.isFinite(seconds) ? seconds : 0 };
}

/** @throws OutputError for a value that the result has not, unless it may be missing */
function outputsOf(
  { op, id, result }: Operation,
  names: readonly string[],
  mayBeMissing: boolean,
): Record<string, Output> {
  const whole = isPlainObject(result) ? result : {};
  const named = isPlainObject(whole.outputs) ? whole.outputs : {};
  const outputs: Record<string, Output> = {};
  for (const name of names) {
    const value = getOwn(named, name) ?? getOwn(whole, name);
    if (value !== undefined && value !== null) outputs[name] = outputOf(value);
    else if (!mayBeMissing) {
      const has = Object.keys({ ...whole, ...named }).join(", ");
      throw new OutputError(
        `the result of ${op} ${id} has no ${name}; ${has === "" ? "it is no map" : `it has ${has}`}`,
      );
    }
  }
  return outputs;
}

function outputOf(value: unknown): Output {
  if (Array.isArray(value) && value.every((each) => typeof each !== "object")) return value.map(String);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
