/** Runs operations inside of the stages and steps of a pipeline. */
import { getOwn, isPlainObject } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import type { NamePlace } from "../../../protocol/pipeline/used-names.js";
import type { ChildCall } from "../../attempt/children.js";
import { stepVariables } from "../../attempt/operation-variables.js";
import type {
  Pipeline,
  PipelineFile,
  PipelineTask,
  TemplateValue,
} from "../../pipeline/definition.js";
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

export type NamedOp = { kind: "file"; file: PipelineFile } | { kind: "type"; name: string };

export interface NestedCall {
  op: NamedOp | { kind: "command" };
  at: NamePlace;
  /** The parameters. */
  templates: ReadonlyMap<string, TemplateValue>;
  queue: { name: string; at: NamePlace } | null;
  /** The pipeline of the file; null: the operation is of no file. */
  inside: Pipeline | null;
}

/** @throws the error of the operation, with its place; CommandTimeout */
export async function runNested(
  nested: NestedCall,
  context: TaskContext,
  task: PipelineTask,
  place: TaskPlace,
  isAgain: boolean,
): Promise<TaskEnd> {
  const { op, queue, at } = nested;
  const { p, file, deadline } = context;
  const isCommand = op.kind === "command";
  const call = isCommand
    ? callOfCommand(context, task, place)
    : callOf(op, nested, context, task, place);
  const late = new AbortController();
  let clear = () => {};
  const onStart = () => {
    const { timeout } = task;
    // The operation of a command has its timeout.
    if (timeout === null || isCommand) return;
    const where = { file: at.file ?? file.path ?? "stdin", line: at.line };
    const isLate = () => late.abort(new CommandTimeout(`"${place.label}"`, timeout, where));
    clear = p.clock.schedule(timeout * 1000, isLate, true);
  };
  const signal = AbortSignal.any([deadline, late.signal]);
  try {
    const queued = { ...call, again: isAgain, ...(queue && { queue: queue.name }) };
    const record = await p.child(queued, { signal, onStart, isWhole: isCommand });
    // A stage of the file that was skipped tells none of its outputs.
    return endOf(record, task.outputs, nested.inside?.then === null);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    clear();
  }
}

function callOf(
  op: NamedOp,
  { templates }: NestedCall,
  context: TaskContext,
  task: PipelineTask,
  { label, stage, values }: TaskPlace,
): ChildCall {
  const { file, variables } = context;
  const { env: all, scope } = variables.of(task, { LIVEOPS_STAGE: stage }, values);
  const given = givenOf(context, templates, scope, `with of "${label}"`);
  const env: Record<string, string> = {};
  for (const name of task.env.keys()) if (all[name] !== undefined) env[name] = all[name];
  const cwd = directoryOf(file, task.cwd, (template) => fill(template, scope));
  if (op.kind !== "file") return { type: op.name, ...given, cwd, env };
  // The type that runs any file cannot read words of the file.
  const { pipeline, path } = op.file;
  const schema = inputSchema(paramsSchema(pipeline.params));
  const params = readWords(schema, given.params, given.words, ["liveops", "submit", path!]);
  return { type: ANY_PIPELINE, params: { ...textOf(op.file), params }, cwd, env };
}

/** The shipped type runs a part of this same text. */
function callOfCommand(
  { file, params, variables }: TaskContext,
  task: PipelineTask,
  { label, stage, values = new Map() }: TaskPlace,
): ChildCall {
  const step = label === stage ? {} : { step: task.name };
  const own = label === stage ? [] : Object.entries(stepVariables(task.name));
  const only: OnlyTask = { stage, ...step, ...variables.handOn(new Map([...values, ...own])) };
  return { type: ANY_PIPELINE, params: { ...textOf(file), params, only } };
}

const textOf = ({ text, path, files }: PipelineFile) => ({ text, path, files });

/** @throws OutputError for an output that the result has not */
function endOf(
  { op, id, result, startedAt, finishedAt }: Operation,
  names: readonly string[],
  mayBeMissing: boolean,
): TaskEnd {
  const whole = isPlainObject(result) ? result : {};
  const told = { ...whole, ...(isPlainObject(whole.outputs) && whole.outputs) };
  const outputs: Record<string, Output> = {};
  for (const name of names) {
    const value = getOwn(told, name) ?? null;
    if (value !== null) outputs[name] = outputOf(value);
    else if (!mayBeMissing) {
      const has = Object.keys(told).join(", ") || "nothing";
      throw new OutputError(`the result of ${op} ${id} has no ${name}; it has ${has}`);
    }
  }
  const seconds = (Date.parse(finishedAt!) - Date.parse(startedAt!)) / 1000;
  return { exitCode: typeof whole.exitCode === "number" ? whole.exitCode : 0, seconds, outputs };
}

function outputOf(value: unknown): Output {
  if (Array.isArray(value) && value.every((each) => typeof each !== "object"))
    return value.map(String);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
