/** Reads `op`, `with` and `queue`, and the stages of `include`. */
import { basename } from "node:path";
import { INCLUDE_KEYS, INCLUDED_KEYS, type STEP_KEYS } from "../../../protocol/pipeline/keys.js";
import { OP_PATTERN } from "../../../protocol/type-names.js";
import type { PipelineFile, PipelineParam, TemplateValue } from "../../pipeline/definition.js";
import { isYamlPath } from "../../pipeline/file-name.js";
import type { NamedFiles } from "../../pipeline/read/named-files.js";
import { constantOf } from "../../pipeline/read/params.js";
import type { Scope } from "../../pipeline/read/scope.js";
import { Field, type Section } from "../../pipeline/read/values.js";
import { onlyName } from "../../pipeline/template.js";
import type { NamePlace } from "../../types/used-names.js";
import type { NestedOp, QueueName } from "./call.js";
import { Nested, Queued } from "./rules.js";

type TaskSection = Section<keyof typeof STEP_KEYS>;

/** The stages of the file that the item includes, and of the files that this one includes. Null: it is a stage. */
export function stagesOf(item: Field, files: NamedFiles): readonly Field[] | null {
  if (!item.has("include")) return null;
  const named = item.section("an item with include", INCLUDE_KEYS)?.get("include");
  const file = named === undefined ? null : files.included(named);
  if (file === null) return [];
  const top = new Field(file.problems, file.node, "", "").section("an included file", INCLUDED_KEYS);
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
export function readNested(section: TaskSection, scope: Scope): Nested | Queued | null {
  const [op, given] = [section.get("op"), section.get("with")];
  const queue = queueOf(section.get("queue"));
  if (op === undefined) {
    given?.keyProblem(`${given.key} has the parameters of op, and there is no op`);
    return queue && new Queued(queue);
  }
  for (const name of NOT_BESIDE_OP) {
    const field = section.get(name);
    field?.keyProblem(`${field.key} is not possible beside op; ${INSTEAD[name]}`);
  }
  for (const [name, field] of section.get("env")?.entries("") ?? [])
    if (scope.isSecret(name))
      field.keyProblem(
        `${field.key} holds a secret, which would be stored in the record of the operation; give it in with`,
      );
  const what = opOf(op, scope);
  const params = what?.kind === "file" ? paramsOf(what.file, given, op, scope) : anyParams(given, scope);
  if (what === null) return null;
  if (what.kind === "file") checkOutputs(section.get("outputs"), what.file);
  const places = new Map(given?.entries("").map(([name, field]) => [name, placeOf(field)]));
  return new Nested({ op: what, params, places, queue, at: placeOf(op) });
}

const INSTEAD: Record<(typeof NOT_BESIDE_OP)[number], string> = {
  run: "write one of them",
  tty: "write it in the stages of the operation",
  needs: "write it in the stages of the operation, which know what they read",
  makes: "write it in the stages of the operation, which know what they make",
};

function placeOf({ node, key, problems: { file } }: Field): NamePlace {
  return { ...node.at, key, ...(file !== undefined && { file }) };
}

function queueOf(field: Field | undefined): QueueName | null {
  const name = field?.text() ?? null;
  if (field === undefined || name === null) return null;
  if (!OP_PATTERN.test(name))
    return field.refuse("the name of a queue: lower-case letters, digits and dashes");
  return { name, at: placeOf(field) };
}

/** Null: problems were added. */
function opOf(op: Field, scope: Scope): NestedOp | null {
  const name = op.text();
  if (name === null) return null;
  if (name.includes("/") || isYamlPath(name)) {
    const file = scope.files.pipeline(op);
    return file && { kind: "file", file };
  }
  if (OP_PATTERN.test(name)) return { kind: "type", name };
  return op.refuse();
}

function anyParams(given: Field | undefined, scope: Scope): Map<string, TemplateValue> {
  return new Map((given?.entries("") ?? []).map(([name, value]) => [name, value.value(scope, "given")]));
}

/** The parameters of a pipeline, checked as far as their values are known. */
function paramsOf(
  { pipeline: { params }, path }: PipelineFile,
  given: Field | undefined,
  op: Field,
  scope: Scope,
): Map<string, TemplateValue> {
  const file = basename(path!);
  const names = params.map(({ name }) => name);
  const values = new Map<string, TemplateValue>();
  for (const [name, field] of given?.entries("") ?? []) {
    const param = params.find((each) => each.name === name);
    if (param !== undefined) values.set(name, paramOf(field, param, scope));
    else {
      const has = names.length === 0 ? "no parameters" : `the parameters ${names.join(", ")}`;
      field.problems.addNear(field.keyAt, field.key, `${field.key}: ${file} has ${has}`, name, names);
      values.set(name, field.value(scope, "given"));
    }
  }
  for (const { name, required } of params)
    if (required && !values.has(name))
      (given ?? op).problem(`${op.key}: ${file} needs the parameter ${name}; add with: { ${name}: … }`);
  return values;
}

function paramOf(field: Field, param: PipelineParam, scope: Scope): TemplateValue {
  const { node } = field;
  if (node.kind === "scalar" && node.text.includes("$")) {
    const value = field.value(scope, "given");
    const name = value.kind === "text" ? onlyName(value.text) : null;
    const isSecret = name !== null && scope.isSecret(name);
    if (param.required && name !== null && scope.mayBeMissing(name))
      field.problem(`${field.key}: $${name} may have no value, and the parameter is required`);
    if (param.secret && !isSecret) field.refuse(A_SECRET);
    if (!param.secret && isSecret)
      field.problem(`${field.key} takes no secret; add secret: true to the parameter, in its file`);
    return value;
  }
  if (param.type === "list") {
    if (node.kind !== "list") field.refuse("a list of texts, or $name of a list");
    return field.value(scope, "given");
  }
  if (param.secret && !(node.kind === "scalar" && A_SOURCE.test(node.text))) field.refuse(A_SECRET);
  const value = constantOf(field, param);
  return typeof value === "string"
    ? { kind: "text", text: [{ text: value }] }
    : { kind: "constant", value: value ?? null };
}

const A_SECRET = "a secret: $name of a secret, env:NAME or file:PATH";
/** Nobody is there to type it. */
const A_SOURCE = /^(?:env:[A-Za-z_]\w*|file:.+)$/s;

/** After its own chain the file gives other outputs, which are not known here. */
function checkOutputs(outputs: Field | undefined, { pipeline, path }: PipelineFile): void {
  if (outputs === undefined || pipeline.then !== null) return;
  const names = pipeline.stages.flatMap((stage) => stage.outputs);
  for (const item of outputs.items("the name of an output")) {
    const name = item.text() ?? "";
    if (name === "" || names.includes(name)) continue;
    const has = names.length === 0 ? "has no outputs" : `has the outputs ${names.join(", ")}`;
    item.problems.addNear(item.node.at, item.key, `${item.key}: ${basename(path!)} ${has}`, name, names);
  }
}
