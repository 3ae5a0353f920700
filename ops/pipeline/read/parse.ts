/**
 * Reads a pipeline file, from disk or from stdin: its text becomes a `PipelineFile`, or a list of problems with their
 * positions.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { PIPELINE_KEYS } from "../../../protocol/pipeline/keys.js";
import { OP_PATTERN } from "../../../protocol/type-names.js";
import type { Pipeline, PipelineFile, PipelineStage, Template } from "../definition.js";
import { nameOfPath } from "../file-name.js";
import { MAX_BYTES } from "../limits.js";
import { ParamReader } from "./params.js";
import { type PipelineProblem, Problems, problemLines, quoted } from "./problems.js";
import { Scope } from "./scope.js";
import { StageReader } from "./stage.js";
import { Reader, type Section } from "./values.js";
import { tooLarge } from "./yaml-text.js";
import { type MapEntry, readTree, type TreeNode } from "./yaml-tree.js";

export type ParsedPipeline =
  | { ok: true; file: PipelineFile; warnings: PipelineProblem[] }
  | { ok: false; problems: PipelineProblem[] };

/** A file that is not a pipeline. The message has the first problem, and the command that shows all of them. */
export class PipelineFault extends Error {
  constructor(path: string, problems: readonly PipelineProblem[]) {
    const [first = ""] = problemLines(basename(path), problems);
    const others = problems.length - 1;
    super(others > 0 ? `${first} (and ${others} more: liveops check ${path})` : first);
    // No name and no stack: they show only liveops.
    delete (this as Error).stack;
  }
}

/** @param path - absolute @throws the error of the system, such as ENOENT */
export function readPipelineFile(path: string): ParsedPipeline {
  const fd = openSync(path, "r");
  try {
    return read(fd, path);
  } finally {
    closeSync(fd);
  }
}

/** @throws the error of the system */
export function readPipelineStdin(): ParsedPipeline {
  return read(0, null);
}

function read(fd: number, path: string | null): ParsedPipeline {
  const bytes = readBounded(fd);
  if (bytes === null) return refused(tooLarge());
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refused("the file is not text in UTF-8");
  }
  return parsePipeline(text, path);
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
 * Never throws.
 *
 * @param path - absolute; null: the text came from stdin
 */
export function parsePipeline(text: string, path: string | null): ParsedPipeline {
  const problems = new Problems();
  const tree = readTree(text, problems);
  const pipeline = tree === null ? null : new PipelineReader(problems, path).read(tree);
  if (pipeline === null || !problems.isEmpty) return { ok: false, problems: problems.sorted() };
  return { ok: true, file: { pipeline, text, path }, warnings: problems.warnings() };
}

class PipelineReader {
  readonly #reader: Reader;

  constructor(
    private readonly problems: Problems,
    private readonly path: string | null,
  ) {
    this.#reader = new Reader(problems);
  }

  read(tree: TreeNode): Pipeline | null {
    const section = this.#reader.section(tree, "", "a pipeline", PIPELINE_KEYS);
    if (section === null) return null;
    const description = section.get("description");
    const stages = section.get("stages");
    const params = new ParamReader(this.#reader).read(section.get("params"));
    const scope = new Scope(this.problems, outputsIn(stages?.value));
    for (const { name, secret, required, default: value } of params)
      scope.addParam(name, { isSecret: secret, mayBeMissing: !required && value === undefined });
    const env = this.#reader.env(section.get("env"), "env", PIPELINE_KEYS.env, scope);
    const reader = new StageReader(this.#reader, scope);
    return {
      name: this.#name(section),
      description:
        description === undefined
          ? null
          : this.#reader.text(description.value, "description", PIPELINE_KEYS.description),
      params,
      env,
      cwd: this.#cwd(section.get("cwd"), scope),
      timeout: this.#reader.duration(section.get("timeout"), "timeout", PIPELINE_KEYS.timeout, "above 0"),
      stages: this.#stages(stages, reader),
      finally: reader.last(section.get("finally")),
      // biome-ignore lint/suspicious/noThenProperty: the name of a key in the file
      then: reader.next(section.get("then")),
    };
  }

  #name(section: Section): string {
    const entry = section.get("name");
    if (entry === undefined) {
      const name = nameOfPath(this.path);
      if (name === null)
        this.problems.add(
          section.at,
          "name",
          `the file's name ${quoted(basename(this.path ?? ""))} gives no name of a type; add the key name: ${PIPELINE_KEYS.name.takes}`,
        );
      return name ?? "";
    }
    const name = this.#reader.text(entry.value, "name", PIPELINE_KEYS.name);
    if (name === null || OP_PATTERN.test(name)) return name ?? "";
    const fixed = name
      .trim()
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "");
    const hint = OP_PATTERN.test(fixed) ? `; write ${fixed}` : "";
    this.problems.add(
      entry.value.at,
      "name",
      `name takes ${PIPELINE_KEYS.name.takes}, not ${quoted(name)}${hint}`,
    );
    return "";
  }

  #cwd(entry: MapEntry | undefined, scope: Scope): Template | "file" | null {
    if (entry?.value.kind !== "scalar" || entry.value.text !== "file")
      return this.#reader.template(entry, "cwd", PIPELINE_KEYS.cwd, scope, "cwd");
    if (this.path === null)
      this.problems.add(entry.value.at, "cwd", "cwd: file needs a file; this text came from stdin");
    return "file";
  }

  #stages(entry: MapEntry | undefined, reader: StageReader): PipelineStage[] {
    if (entry === undefined) return [];
    const list = this.#reader.list(entry.value, "stages", PIPELINE_KEYS.stages);
    const names = new Map<string, number>();
    return (list?.items ?? []).map((item, index) => {
      const stage = reader.stage(item, `stages[${index}]`);
      const first = names.get(stage.name);
      if (first === undefined) names.set(stage.name, item.at.line);
      else if (stage.name !== "") {
        const at = nodeOf(item, "name")?.at ?? item.at;
        const message = `the name ${quoted(stage.name)} is that of the stage in line ${first} too; choose another`;
        this.problems.add(at, `stages[${index}].name`, message);
      }
      return stage;
    });
  }
}

function nodeOf(node: TreeNode, name: string): TreeNode | undefined {
  return node.kind === "map" ? node.entries.find((entry) => entry.name === name)?.value : undefined;
}

/** The outputs of all stages, before the stages are checked. */
function outputsIn(stages: TreeNode | undefined): Map<string, string> {
  const outputs = new Map<string, string>();
  for (const stage of stages?.kind === "list" ? stages.items : []) {
    const name = nodeOf(stage, "name");
    const list = nodeOf(stage, "outputs");
    for (const item of list?.kind === "list" ? list.items : [])
      if (item.kind === "scalar" && !outputs.has(item.text))
        outputs.set(item.text, name?.kind === "scalar" ? name.text : "");
  }
  return outputs;
}
