/**
 * The loader: a process that imports operation types, describes them, and checks parameters against
 * them.
 *
 * Schemas are the user's code and may hang or crash; here that affects only this process.
 */
import { loadFile } from "../../ops/loading/load-files.js";
import { enableUserCode } from "../../ops/loading/user-code.js";
import type { PipelineStage } from "../../ops/pipeline/definition.js";
import { TaskRunner } from "../../ops/pipeline/feature.js";
import { typeOfText } from "../../ops/pipeline/type.js";
import { type Prepared, prepare } from "../../ops/types/prepare.js";
import { type OperationCtor, readType } from "../../ops/types/read-type.js";
import { type Problem, Refusal } from "../../protocol/errors.js";
import type { KeptText } from "../../protocol/pipeline/kept-text.js";
import { removeStartVariables } from "../os/child-environment.js";
import type {
  FileResult,
  FromLoader,
  LoaderAnswers,
  LoaderSetup,
  LocatedAsk,
  StageOutputs,
  ToLoader,
} from "./messages.js";

interface LoadedTypes {
  result: FileResult;
  /** By name. */
  types: Map<string, OperationCtor>;
}

const { startOnly } = JSON.parse(process.argv[2] ?? "{}") as LoaderSetup;
const files = new Map<string, LoadedTypes>();

process.on("disconnect", () => process.exit(0));
// The daemon reads both streams. When it dies, this process ends by the disconnect above, not by a
// broken pipe.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
// An error that user code throws while it is loaded must not end the loader.
process.on("uncaughtException", (error) => process.stderr.write(`${error.stack ?? error}\n`));
process.on("message", ({ question, about }: ToLoader) => {
  void ANSWERS[question](about as never).then((answer) => send({ answer }));
});

const ANSWERS: LoaderAnswers = {
  load: async (file) => (await load(file)).result,
  async prepare(asks) {
    const prepared: Prepared[] = [];
    try {
      for (const ask of asks) prepared.push(await prepare(await typeOf(ask), ask.input));
      return prepared;
    } catch (error) {
      return { index: prepared.length, problem: asProblem(error) };
    }
  },
  outputs: outputsOf,
  defaults: defaultsOf,
};

enableUserCode(new URL("./liveops.js", import.meta.url).href);
removeStartVariables(startOnly);
send(null);

async function load(file: string): Promise<LoadedTypes> {
  const known = files.get(file);
  if (known) return known;
  const { types: found, ...loaded } = await loadFile(file);
  const result: FileResult = {
    ...loaded,
    types: found.map(({ Type, type }) => ({ type, hasTitles: readType(Type).titleOf !== null })),
  };
  // The first type of a name counts.
  const types = new Map(found.map(({ Type, type }) => [type.op, Type] as const).reverse());
  files.set(file, { result, types });
  return { result, types };
}

/** None where this version does not accept the text: the attempt then fails by that. */
async function outputsOf(of: KeptText): Promise<StageOutputs[]> {
  const stages = (await pipelineOf(of))?.stages ?? [];
  return stages.map((stage) => {
    const { name, outputs, steps, approve, when } = stage;
    return {
      stage: name,
      outputs,
      choices: approve?.choices ?? null,
      steps: steps && Object.fromEntries(steps.parallel.map((step) => [step.name, step.outputs])),
      asks: asksOf(stage),
      isOptional: when !== null,
    };
  });
}

/** A type by its name may be in code, which asks in any stage. */
function asksOf({ steps, approve, allowFailure, ...stage }: PipelineStage): string | null {
  const runners = [stage, ...(steps?.parallel ?? [])].flatMap((task) => TaskRunner.of(task) ?? []);
  const asking = runners.filter(
    ({ inside, uses }) =>
      inside?.stages.some((each) => asksOf(each) !== null) ??
      uses.some(({ kind }) => kind === "type"),
  );
  if (approve === null && asking.length === 0) return null;
  return JSON.stringify([approve, allowFailure, asking.map(({ sign }) => sign)]);
}

async function defaultsOf(of: KeptText): Promise<Record<string, unknown>> {
  const params = (await pipelineOf(of))?.params ?? [];
  return Object.fromEntries(params.map(({ name, default: value }) => [name, value]));
}

async function pipelineOf({ text, path, files }: KeptText) {
  // The YAML library takes time to load.
  const { parsePipeline } = await import("../../ops/pipeline/read/parse.js");
  const parsed = parsePipeline(text, path, files);
  return parsed.ok ? parsed.file.pipeline : null;
}

async function typeOf({ op, file, source }: LocatedAsk): Promise<OperationCtor> {
  if (source?.path) return typeOfText(source);
  const { types, result } = await load(file);
  const Type = types.get(op);
  if (Type) return Type;
  throw new Error(result.errors[0]?.message ?? `${file} has no operation type ${op}`);
}

function asProblem(error: unknown): Problem {
  if (error instanceof Refusal) return error.toProblem();
  const { stack, message } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`${stack}\n`);
  return new Refusal(
    "LIVEOPS_PARAMS_INVALID",
    `the type's own code failed on the parameters: ${message}`,
  ).toProblem();
}

function send(message: FromLoader): void {
  if (process.connected) process.send?.(message);
}
