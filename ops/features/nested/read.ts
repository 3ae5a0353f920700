/** Reads `op`, `with` and `queue`, and the stages of `include`. */
import { basename } from "node:path";
import { INCLUDE_KEYS, INCLUDED_KEYS, type STEP_KEYS } from "../../../protocol/pipeline/keys.js";
import { type NamePlace, problemsOfParams } from "../../../protocol/pipeline/used-names.js";
import { OP_PATTERN } from "../../../protocol/type-names.js";
import type { PipelineFile } from "../../pipeline/definition.js";
import { isYamlPath } from "../../pipeline/file-name.js";
import { paramsSchema } from "../../pipeline/params-schema.js";
import type { NamedFiles } from "../../pipeline/read/named-files.js";
import type { Scope } from "../../pipeline/read/scope.js";
import { Field, type Section } from "../../pipeline/read/values.js";
import { nodeOf } from "../../pipeline/read/yaml-tree.js";
import { fillValue, namesIn, onlyName } from "../../pipeline/template.js";
import { inputSchema } from "../../types/describe-type.js";
import { Nested, type NestedParam } from "./rules.js";
import type { NamedOp } from "./run.js";

type TaskSection = Section<keyof typeof STEP_KEYS>;

/**
 * The stages of the file that the item includes, and of the files that this one includes. Null: it
 * is a stage.
 */
export function stagesOf(item: Field, files: NamedFiles): readonly Field[] | null {
  if (nodeOf(item.node, "include") === undefined) return null;
  const named = item.section("an item with include", INCLUDE_KEYS)?.get("include");
  const file = named === undefined ? null : files.included(named);
  if (file === null) return [];
  const top = new Field(file.problems, file.node, "", "").section(
    "an included file",
    INCLUDED_KEYS,
  );
  return (
    top
      ?.get("stages")
      ?.items("")
      .flatMap((inner) => stagesOf(inner, files) ?? [inner]) ?? []
  );
}

/** What runs an operation of its own in the place of a command. */
const NOT_BESIDE_OP = ["run", "tty", "needs", "makes"] as const;

/** Null: the task runs its command itself. @param scope - of the task, with its `env` */
export function readNested(section: TaskSection, scope: Scope): Nested | null {
  const [op, given] = [section.get("op"), section.get("with")];
  const queue = queueOf(section.get("queue"));
  if (op === undefined) {
    given?.keyProblem(`${given.key} has the parameters of op, and there is no op`);
    return queue && new Nested({ kind: "command" }, queue.at, [], queue);
  }
  for (const name of NOT_BESIDE_OP) {
    const field = section.get(name);
    const instead =
      name === "run" ? "write one of them" : "write it in the stages of the operation";
    field?.keyProblem(`${field.key} is not possible beside op; ${instead}`);
  }
  for (const [name, field] of section.get("env")?.entries("") ?? [])
    if (scope.isSecret(name))
      field.keyProblem(
        `${field.key} holds a secret, which would be stored in the record of the operation; give it in with`,
      );
  const params = (given?.entries("") ?? []).map(([name, field]) => paramOf(name, field, scope));
  const what = opOf(op, scope);
  if (what === null) return null;
  const nested = new Nested(what, placeOf(op), params, queue);
  if (what.kind === "file") checkFile(what.file, nested, op, section.get("outputs"), scope);
  return nested;
}

function placeOf({ node, key, problems: { file } }: Field): NamePlace {
  return { ...node.at, key, file };
}

function queueOf(field: Field | undefined): Nested["queue"] {
  const name = field?.text() ?? null;
  if (field === undefined || name === null) return null;
  return OP_PATTERN.test(name) ? { name, at: placeOf(field) } : field.refuse();
}

function paramOf(name: string, field: Field, scope: Scope): NestedParam {
  const template = field.value(scope, "given");
  const only = template.kind === "text" ? onlyName(template.text) : null;
  const isSecret = only !== null && scope.isSecret(only);
  const param = { name, at: placeOf(field), template, only, isSecret };
  if (namesIn(template).length > 0) return param;
  return { ...param, value: fillValue(template, { valueOf: () => undefined }) };
}

/** Null: problems were added. */
function opOf(op: Field, scope: Scope): NamedOp | null {
  const name = op.text();
  if (name === null) return null;
  if (name.includes("/") || isYamlPath(name)) {
    const file = scope.files.pipeline(op);
    return file && { kind: "file", file };
  }
  return OP_PATTERN.test(name) ? { kind: "type", name } : op.refuse();
}

/** Checks what is known of the parameters and outputs of a file. */
function checkFile(
  { pipeline, path }: PipelineFile,
  nested: Nested,
  { problems }: Field,
  outputs: Field | undefined,
  scope: Scope,
): void {
  const file = basename(path!);
  const schema = inputSchema(paramsSchema(pipeline.params).strict())!;
  for (const each of problemsOfParams(file, nested.at, nested.params, schema))
    problems.add(each, each.key, each.message, each.nearest);
  for (const { name, at, only } of nested.params) {
    const isRequired = pipeline.params.some((param) => param.name === name && param.required);
    if (isRequired && only !== null && scope.mayBeMissing(only))
      problems.add(
        at,
        at.key,
        `${at.key}: $${only} may have no value, and the parameter is required`,
      );
  }
  // After a chain of its own the file gives other outputs, which are not known here.
  if (pipeline.then !== null) return;
  const has =
    nested.outputs.length === 0 ? "no outputs" : `the outputs ${nested.outputs.join(", ")}`;
  for (const item of outputs?.items("the name of an output") ?? []) {
    const name = item.text() ?? "";
    if (!nested.outputs.includes(name))
      problems.addNear(
        item.node.at,
        item.key,
        `${item.key}: ${file} has ${has}`,
        name,
        nested.outputs,
      );
  }
}
