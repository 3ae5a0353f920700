/**
 * Reads a pipeline file, from disk or from stdin: its text becomes a `PipelineFile`, or a list of
 * problems with their positions.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { PIPELINE_KEYS } from "../../../protocol/pipeline/keys.js";
import { OP_PATTERN } from "../../../protocol/type-names.js";
import { NO_FILES } from "../../programs/proc.js";
import type { Pipeline, PipelineFile, Template } from "../definition.js";
import { PIPELINE_FEATURES } from "../features.js";
import { nameOfPath } from "../file-name.js";
import { MAX_BYTES } from "../limits.js";
import { outcomeVariables } from "../outcomes.js";
import { APPROVED } from "./approval.js";
import { fromDisk, fromKept, NamedFiles, type ReadText } from "./named-files.js";
import { readOn } from "./on.js";
import { readParams } from "./params.js";
import { type PipelineProblem, Problems, problemLines, quoted } from "./problems.js";
import { Scope } from "./scope.js";
import { readFinally, readStage, readThen } from "./stage.js";
import { uniquelyNamed } from "./steps.js";
import { Field, type Section } from "./values.js";
import { tooLarge } from "./yaml-text.js";
import { nodeOf, readTree, type TreeNode } from "./yaml-tree.js";

export type ParsedPipeline =
  | { ok: true; file: PipelineFile; warnings: PipelineProblem[] }
  | { ok: false; problems: PipelineProblem[] };

/**
 * A file that is not a pipeline. The message has the first problem, and the command that shows all
 * of them.
 */
export class PipelineFault extends Error {
  constructor(path: string, problems: readonly PipelineProblem[]) {
    const [first = ""] = problemLines(basename(path), problems);
    const others = problems.length - 1;
    super(others > 0 ? `${first} (and ${others} more: liveops check ${path})` : first);
    // No name and no stack: they show only liveops.
    delete (this as Error).stack;
  }
}

/**
 * A pipe, such as that of `<(…)`, is gone when it is read: its text has no path.
 *
 * @param path - absolute
 * @param onNamed - called before each file is read that the pipeline names; an error is a problem
 *   of the pipeline
 * @throws the error of the system, such as ENOENT
 */
export function readPipelineFile(path: string, onNamed = (_: string) => {}): ParsedPipeline {
  const fd = openSync(path, "r");
  try {
    const isStream = fstatSync(fd).isFIFO() || NO_FILES.test(path);
    const readNamed = (named: string) => {
      onNamed(named);
      return fromDisk(named);
    };
    return read(fd, isStream ? null : path, readNamed);
  } finally {
    closeSync(fd);
  }
}

/** @throws the error of the system */
export function readPipelineStdin(): ParsedPipeline {
  return read(0, null, fromDisk);
}

function read(fd: number, path: string | null, readNamed: ReadText): ParsedPipeline {
  const bytes = readBounded(fd);
  if (bytes === null) return refused(tooLarge());
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refused("the file is not text in UTF-8");
  }
  return parse(text, path, readNamed);
}

function refused(message: string): ParsedPipeline {
  return { ok: false, problems: [{ line: 1, column: 1, key: "", message, nearest: [] }] };
}

/** Null: too large. Reads no more than needed to know, also of an endless stream. */
function readBounded(fd: number): Uint8Array | null {
  const bytes = Buffer.alloc(MAX_BYTES + 1);
  let length = 0;
  while (length < bytes.length) {
    const read = readSync(fd, bytes, length, bytes.length - length, null);
    if (read === 0) return bytes.subarray(0, length);
    length += read;
  }
  return null;
}

/**
 * Never throws, and reads no file.
 *
 * @param path - absolute; null: the text came from stdin
 * @param files - the texts of the files that the pipeline names, by path
 */
export function parsePipeline(
  text: string,
  path: string | null,
  files: Readonly<Record<string, string>> = {},
): ParsedPipeline {
  return parse(text, path, fromKept(files));
}

/** The same text and path, with the files that it names as they are now. */
export function parseAnew(text: string, path: string | null): ParsedPipeline {
  return parse(text, path, fromDisk);
}

function parse(text: string, path: string | null, read: ReadText): ParsedPipeline {
  const problems = new Problems(path);
  const files = new NamedFiles({ read, parse: readText, parsed: new Map() });
  const pipeline = readText(text, problems, files);
  if (pipeline === null || !problems.isEmpty) return { ok: false, problems: problems.sorted() };
  return {
    ok: true,
    file: { pipeline, text, path, files: files.texts },
    warnings: problems.warnings(),
  };
}

/** Null: the text is no pipeline. A pipeline may have problems too, which are added. */
function readText(text: string, problems: Problems, files: NamedFiles): Pipeline | null {
  const tree = readTree(text, problems);
  return tree && readPipeline(tree, problems, files);
}

function readPipeline(tree: TreeNode, problems: Problems, files: NamedFiles): Pipeline | null {
  const section = new Field(problems, tree, "", "").section("a pipeline", PIPELINE_KEYS);
  if (section === null) return null;
  const { path } = problems;
  const params = readParams(section.get("params"));
  const stages = (section.get("stages")?.items("") ?? []).flatMap((item) => expanded(item, files));
  const nodes = stages.map(({ node }) => node);
  const later = { outputs: outputsIn(nodes), outcomes: outcomeVariables(namesIn(nodes)) };
  const scope = new Scope(problems, later, files);
  for (const { name, type, secret, required, default: value, from } of params)
    scope.addParam(name, {
      isSecret: secret,
      isList: type === "list",
      mayBeMissing: !required && value === undefined && from === undefined,
    });
  const env = section.get("env")?.env(scope) ?? new Map();
  return {
    name: readName(section, problems, path),
    description: section.get("description")?.text() ?? null,
    params,
    env,
    cwd: readCwd(section.get("cwd"), scope, path),
    timeout: section.get("timeout")?.duration("above 0") ?? null,
    failIfOdd: section.get("fail_if_odd")?.flag() ?? false,
    stages: uniquelyNamed(stages, "stage", (item) => readStage(item, scope.within(item.problems))),
    on: readOn(section.get("on")),
    finally: readFinally(section.get("finally"), scope),
    // biome-ignore lint/suspicious/noThenProperty: the name of a key in the file
    then: readThen(section.get("then"), scope),
  };
}

function readName(section: Section<"name">, problems: Problems, path: string | null): string {
  const field = section.get("name");
  if (field === undefined) {
    const name = nameOfPath(path);
    if (name === null)
      problems.add(
        section.at,
        "name",
        `the file's name ${quoted(basename(path ?? ""))} gives no name of a type; add the key name: ${PIPELINE_KEYS.name.takes}`,
      );
    return name ?? "";
  }
  const name = field.text();
  if (name === null || OP_PATTERN.test(name)) return name ?? "";
  const fixed = name
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  const hint = OP_PATTERN.test(fixed) ? `; write ${fixed}` : "";
  field.problem(`name takes ${field.takes}, not ${quoted(name)}${hint}`);
  return "";
}

function readCwd(
  field: Field | undefined,
  scope: Scope,
  path: string | null,
): Template | "file" | null {
  if (!field?.is("file")) return field?.template(scope, "cwd") ?? null;
  if (path === null) field.problem("cwd: file needs a file; this text came from stdin");
  return "file";
}

/** The item, or the stages in its place. */
function expanded(item: Field, files: NamedFiles): readonly Field[] {
  for (const feature of PIPELINE_FEATURES) {
    const stages = feature.expand(item, files);
    if (stages !== null) return stages;
  }
  return [item];
}

/** The names of all stages, before the stages are checked. */
function namesIn(nodes: readonly TreeNode[]): string[] {
  return nodes.flatMap((node) => {
    const name = nodeOf(node, "name");
    return name?.kind === "scalar" ? [name.text] : [];
  });
}

/** The outputs of all stages and steps, before the stages are checked. */
function outputsIn(nodes: readonly TreeNode[], stage?: string): Map<string, string> {
  const outputs = new Map<string, string>();
  for (const node of nodes) {
    const name = nodeOf(node, "name");
    const of = stage ?? (name?.kind === "scalar" ? name.text : "");
    const list = nodeOf(node, "outputs");
    const names = list?.kind === "list" ? list.items : [];
    if (nodeOf(node, "approve") !== undefined && !outputs.has(APPROVED)) outputs.set(APPROVED, of);
    for (const item of names)
      if (item.kind === "scalar" && !outputs.has(item.text)) outputs.set(item.text, of);
    const steps = nodeOf(node, "parallel");
    for (const [output, by] of outputsIn(steps?.kind === "list" ? steps.items : [], of))
      if (!outputs.has(output)) outputs.set(output, by);
  }
  return outputs;
}
