/**
 * Entry of the bundle that reads pipeline files for `liveops check` and `liveops submit FILE.yaml`.
 */
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { statOf } from "../../../ops/loading/type-files.js";
import { namesInDirs, whyNoNext } from "../../../ops/loading/type-names.js";
import type { PipelineFile } from "../../../ops/pipeline/definition.js";
import { usesOf } from "../../../ops/pipeline/feature.js";
import { hasStages, isYamlPath } from "../../../ops/pipeline/file-name.js";
import {
  type ParsedPipeline,
  parsePipeline,
  readPipelineFile,
  readPipelineStdin,
} from "../../../ops/pipeline/read/parse.js";
import { type PipelineProblem, problemLines } from "../../../ops/pipeline/read/problems.js";
import { secretFile } from "../../../ops/pipeline/run/secrets.js";
import type { Variables } from "../../../protocol/environment.js";
import { UsageError } from "../../../protocol/failures.js";
import { getOwn } from "../../../protocol/objects.js";
import { type KeptText, keptTextIn } from "../../../protocol/pipeline/kept-text.js";
import { problemsOfNames } from "../../../protocol/pipeline/used-names.js";
import type { OperationType, TypesReply } from "../../../protocol/replies.js";
import { withDefaultsAs } from "../../../protocol/schema/parameters.js";

export interface CheckedFile {
  /** As it was typed; `-` for stdin. */
  file: string;
  ok: boolean;
  /** Name of the pipeline; null if the file has problems. */
  op: string | null;
  stages: string[];
  problems: PipelineProblem[];
  /** What may be a mistake in a valid file. */
  warnings: PipelineProblem[];
  /** The problems, or the warnings, as text. */
  lines: string[];
}

/** The queues and types that the config file and the daemon have. */
type AskNames = () => Promise<{ queues: readonly string[]; ops: readonly OperationType[] }>;

/**
 * Checks the file; of a directory, the YAML files with stages.
 *
 * @param path - null: stdin
 * @param opsDirs - directories of the operation types that a pipeline may name
 * @param ask - called where a pipeline names a queue or a type
 */
export async function checkFile(
  typed: string,
  path: string | null,
  opsDirs: readonly string[],
  ask: AskNames,
): Promise<CheckedFile[]> {
  if (path === null || !statOf(path)?.isDirectory())
    return [await check(typed, path, opsDirs, ask)];
  const names = readdirSync(path).filter(
    (name) => isYamlPath(name) && !/^[_.]/.test(name) && hasStages(join(path, name)),
  );
  return Promise.all(
    names.sort().map((name) => check(join(typed, name), join(path, name), opsDirs, ask)),
  );
}

async function check(
  file: string,
  path: string | null,
  opsDirs: readonly string[],
  ask: AskNames,
): Promise<CheckedFile> {
  const parsed = parseFile(path);
  const shipped = fileURLToPath(new URL("./ops", import.meta.url));
  const dirs = [...opsDirs, shipped];
  const problems = parsed.ok ? await nameProblems(parsed.file, dirs, ask) : parsed.problems;
  if (!parsed.ok || problems.length > 0)
    return {
      file,
      ok: false,
      op: null,
      stages: [],
      warnings: [],
      problems,
      lines: problemLines(shownName(file), problems),
    };
  const { name, stages, then } = parsed.file.pipeline;
  const beside = path === null ? [] : [dirname(path)];
  const problem = then && whyNoNext(then.op, [...beside, ...dirs]);
  const unknown: PipelineProblem[] =
    then && problem !== null
      ? [
          {
            line: then.line,
            column: then.column,
            key: "then.op",
            message: `warning: then.op: ${problem}`,
            nearest: [],
          },
        ]
      : [];
  const warnings = [...parsed.warnings, ...unknown];
  return {
    file,
    ok: true,
    op: name,
    problems: [],
    warnings,
    stages: stages.map((stage) => stage.name),
    lines: problemLines(shownName(file), warnings),
  };
}

/** A type is also known by a file of it that the daemon has not loaded. */
async function nameProblems(
  { pipeline }: PipelineFile,
  dirs: readonly string[],
  ask: AskNames,
): Promise<PipelineProblem[]> {
  const uses = usesOf(pipeline);
  if (uses.length === 0) return [];
  const { queues, ops } = await ask();
  const named = [...namesInDirs(dirs)].map((name) => [name, null] as const);
  const loaded = ops.map(({ op, params }) => [op, params] as const);
  return problemsOfNames(uses, { queues, types: new Map([...named, ...loaded]) });
}

/** A file that cannot be read is a problem too. @param path - null: stdin */
export function parseFile(path: string | null): ParsedPipeline {
  try {
    return path === null ? readPipelineStdin() : readPipelineFile(path);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    const near = code === "ENOENT" && path !== null ? otherEnding(path) : null;
    const why =
      (getOwn(READ_FAILURES, code) ?? message) + (near === null ? "" : `; did you mean ${near}?`);
    return { ok: false, problems: [{ line: 1, column: 1, key: "", message: why, nearest: [] }] };
  }
}

/** The name of the file with the other ending of YAML files, if that exists. */
function otherEnding(path: string): string | null {
  const other = path.replace(/(?<=\.)(ya?ml)$/i, (ending) =>
    ending.length === 3 ? "yaml" : "yml",
  );
  return other !== path && existsSync(other) ? basename(other) : null;
}

const READ_FAILURES: Record<string, string> = {
  ENOENT: "there is no such file",
  EACCES: "the file cannot be read: permission denied",
  EISDIR: "it is a directory, not a file",
};

/** What a submit gives for the parameters of a pipeline. */
export interface GivenParameters {
  params: Record<string, unknown> | undefined;
  words: string[];
  /** Where secrets come from: the variables of this shell; null: the daemon knows. */
  shell: Variables | null;
  /**
   * The directory of the run, for the files of secrets; null, absent: another machine may have
   * them.
   */
  place?: (() => Promise<string | null>) | undefined;
}

/** The submit of the shipped type `pipeline`. */
interface PipelineSubmit {
  op: "pipeline";
  params: Record<string, unknown>;
}

/**
 * The parameters of the shipped type `pipeline` for this file.
 *
 * @throws UsageError where the file is not a pipeline; Refusal where it does not accept the
 *   parameters
 */
export async function submitOf(
  typed: string,
  path: string | null,
  given: GivenParameters,
): Promise<PipelineSubmit> {
  return submitOfFile(fileOf(typed, parseFile(path)), given, ["liveops", "submit", typed]);
}

/** @throws UsageError where the file is not a pipeline */
function fileOf(typed: string, parsed: ParsedPipeline): PipelineFile {
  if (parsed.ok) return parsed.file;
  throw new UsageError(notAPipeline(typed, parsed.problems));
}

/**
 * The same pipeline as it was submitted, with other parameters of its own.
 *
 * @param submitted - the parameters of the type `pipeline`
 * @param command - in messages, such as `["liveops", "again", "k3f"]`
 */
export async function changedSubmit(
  submitted: Readonly<Record<string, unknown>>,
  given: GivenParameters,
  command: string[],
): Promise<PipelineSubmit> {
  const { text, path, files } = keptTextIn(submitted)!;
  const file = fileOf(path ?? "-", parsePipeline(text, path, files));
  const before = (submitted.params ?? {}) as Record<string, unknown>;
  return submitOfFile(file, { ...given, params: given.params ?? before }, command, before);
}

async function submitOfFile(
  file: PipelineFile,
  { params, words, shell, place }: GivenParameters,
  command: string[],
  before?: Readonly<Record<string, unknown>>,
): Promise<PipelineSubmit> {
  const { paramsSchema } = await import("../../../ops/pipeline/params-schema.js");
  const { inputSchema } = await import("../../../ops/types/describe-type.js");
  const { readWords } = await import("../../../ops/types/words.js");
  const { paramsRefusal, parseParams } = await import("../../../ops/types/parse-params.js");
  const { description } = file.pipeline;
  const schema = paramsSchema(file.pipeline.params, description);
  const json = inputSchema(schema);
  const typed = readWords(json, params, words, command);
  const input = before === undefined ? typed : withDefaultsAs(before, typed, json);
  const read = await parseParams(schema, input);
  if (!read.ok) throw paramsRefusal(read.problems, json, read.nearest);
  const problem = await secretsProblem(file, input, { shell, place, before });
  if (problem !== null) throw new UsageError(problem);
  const { text, path, files } = file;
  const named = Object.keys(files).length > 0 && { files };
  return { op: "pipeline", params: { text, path, ...named, params: input } };
}

/**
 * Why a secret could not be read when the pipeline runs; null: nothing is known to be missing.
 *
 * @param before - the parameters of an earlier submit, whose secrets the daemon may have
 */
async function secretsProblem(
  { pipeline }: PipelineFile,
  params: Readonly<Record<string, unknown>>,
  {
    shell,
    place,
    before = {},
  }: Pick<GivenParameters, "shell" | "place"> & {
    before?: Readonly<Record<string, unknown>> | undefined;
  },
): Promise<string | null> {
  if (shell === null) return null;
  for (const { name, secret } of pipeline.params) {
    const reference = getOwn(params, name);
    const [, kind, source = ""] = /^(env|file):(.*)$/s.exec(String(reference)) ?? [];
    if (!secret || reference === getOwn(before, name)) continue;
    if (kind === "file") {
      const cwd = await place?.();
      const path = cwd == null ? null : secretFile(source, shell.HOME, cwd);
      if (path !== null && !existsSync(path))
        return `the secret ${name} cannot be read: there is no file ${path}`;
    }
    if (kind === "env" && (shell[source] ?? "") === "")
      return `the secret ${name} is the variable ${source}, which is not set in this shell; set and export it, or give ${name}=file:PATH or ${name}=prompt:`;
  }
  return null;
}

/**
 * The file as an operation type, for `--help`. @throws UsageError where the file is not a pipeline
 */
export function typeOf(typed: string, path: string | null): Promise<OperationType> {
  return describe(fileOf(typed, parseFile(path)), typed);
}

/**
 * The text of an operation of the type `pipeline`. @throws UsageError where it is not a pipeline
 */
export function typeOfText({ text, path, files }: KeptText): Promise<OperationType> {
  return describe(fileOf(path ?? "-", parsePipeline(text, path, files)), path ?? "stdin");
}

async function describe(file: PipelineFile, typed: string): Promise<OperationType> {
  const { pipelineType } = await import("../../../ops/pipeline/type.js");
  const { describeType } = await import("../../../ops/types/describe-type.js");
  return describeType(pipelineType(file), typed);
}

/** Files that a directory offers at most. */
const MOST_OFFERED = 100;

/**
 * The pipelines of the directory as operation types, each with the name of its file; and the files
 * with problems.
 */
export async function pipelinesIn(directory: string): Promise<Pick<TypesReply, "ops" | "errors">> {
  const ops: OperationType[] = [];
  const errors: TypesReply["errors"] = [];
  const names = readdirSync(directory).filter((name) => isYamlPath(name) && !/^[_.]|@/.test(name));
  for (const name of names.sort().slice(0, MOST_OFFERED)) {
    const path = join(directory, name);
    if (!statOf(path)?.isFile() || !hasStages(path)) continue;
    try {
      ops.push({ ...(await typeOf(name, path)), op: name, file: path });
    } catch (error) {
      errors.push({ file: path, message: (error as Error).message });
    }
  }
  return { ops, errors };
}

/** Also used by `inline.ts`, for `liveops run FILE.yaml`. */
export function notAPipeline(typed: string, problems: readonly PipelineProblem[]): string {
  return problemLines(shownName(typed), problems).join("\n");
}

function shownName(typed: string): string {
  return typed === "-" ? "stdin" : typed;
}

export { stageShell, writtenOutputs } from "./stage-shell.js";
export { namesInDirs };
