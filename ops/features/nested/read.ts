/** Reads `op`, `with` and `queue`, and the stages of `include`. */
import { basename } from "node:path";
import { INCLUDE_KEYS, INCLUDED_KEYS, type STEP_KEYS } from "../../../protocol/pipeline/keys.js";
import { type NamePlace, problemsOfParams } from "../../../protocol/pipeline/used-names.js";
import type { JsonSchema } from "../../../protocol/schema/json-schema.js";
import { OP_PATTERN } from "../../../protocol/type-names.js";
import type { PipelineFile, PipelineParam } from "../../pipeline/definition.js";
import { isYamlPath } from "../../pipeline/file-name.js";
import type { NamedFiles } from "../../pipeline/read/named-files.js";
import type { Scope } from "../../pipeline/read/scope.js";
import { Field, type Section } from "../../pipeline/read/values.js";
import { namesIn, onlyName } from "../../pipeline/template.js";
import type { NamedOp, NestedCall } from "./call.js";
import { Nested } from "./rules.js";

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
export function readNested(section: TaskSection, scope: Scope): Nested | null {
  const [op, given] = [section.get("op"), section.get("with")];
  const queue = queueOf(section.get("queue"));
  if (op === undefined) {
    given?.keyProblem(`${given.key} has the parameters of op, and there is no op`);
    const none = { params: new Map(), places: new Map() };
    return queue && new Nested({ op: { kind: "command" }, ...none, queue, at: queue.at });
  }
  for (const name of NOT_BESIDE_OP) {
    const field = section.get(name);
    const instead = name === "run" ? "write one of them" : "write it in the stages of the operation";
    field?.keyProblem(`${field.key} is not possible beside op; ${instead}`);
  }
  for (const [name, field] of section.get("env")?.entries("") ?? [])
    if (scope.isSecret(name))
      field.keyProblem(
        `${field.key} holds a secret, which would be stored in the record of the operation; give it in with`,
      );
  const fields = given?.entries("") ?? [];
  const what = opOf(op, scope);
  const params = new Map(fields.map(([name, field]) => [name, field.value(scope, "given")]));
  if (what === null) return null;
  const places = new Map(fields.map(([name, field]) => [name, placeOf(field)]));
  const nested = new Nested({ op: what, params, places, queue, at: placeOf(op) });
  if (what.kind === "file") checkFile(what.file, nested, section, scope);
  return nested;
}

function placeOf({ node, key, problems: { file } }: Field): NamePlace {
  return { ...node.at, key, ...(file !== undefined && { file }) };
}

function queueOf(field: Field | undefined): NestedCall["queue"] {
  const name = field?.text() ?? null;
  if (field === undefined || name === null) return null;
  return OP_PATTERN.test(name) ? { name, at: placeOf(field) } : field.refuse();
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

/** Checks the parameters and outputs of a file, as far as they are known. */
function checkFile(
  { pipeline, path }: PipelineFile,
  nested: Nested,
  section: TaskSection,
  scope: Scope,
): void {
  const { problems } = section.get("op")!;
  const name = basename(path!);
  for (const each of problemsOfParams(name, nested.call.at, nested.given, schemaOf(pipeline.params)))
    problems.add(each, each.key, each.message, each.nearest);
  for (const { name, required, secret } of pipeline.params) {
    const value = nested.call.params.get(name);
    const only = value?.kind === "text" ? onlyName(value.text) : null;
    const at = nested.call.places.get(name);
    if (at === undefined || (only === null && !(secret && namesIn(value!).length > 0))) continue;
    const isSecret = only !== null && scope.isSecret(only);
    if (secret !== isSecret)
      problems.add(
        at,
        at.key,
        `${at.key} takes ${secret ? A_SECRET : "no secret: its value would be stored"}`,
      );
    if (required && only !== null && scope.mayBeMissing(only))
      problems.add(at, at.key, `${at.key}: $${only} may have no value, and the parameter is required`);
  }
  // After a chain of its own the file gives other outputs, which are not known here.
  const outputs = pipeline.then === null ? section.get("outputs")?.items("the name of an output") : [];
  for (const item of outputs ?? [])
    if (!nested.outputs.includes(item.text() ?? "")) {
      const has =
        nested.outputs.length === 0 ? "has no outputs" : `has the outputs ${nested.outputs.join(", ")}`;
      problems.addNear(
        item.node.at,
        item.key,
        `${item.key}: ${name} ${has}`,
        item.text() ?? "",
        nested.outputs,
      );
    }
}

const A_SECRET = "a secret: $name of a secret, env:NAME or file:PATH";

/** What a submit of the file takes as JSON. Nobody is there to type a secret. */
function schemaOf(params: readonly PipelineParam[]): JsonSchema {
  const properties = params.map(({ name, type, enum: values, secret, minimum, maximum }) => {
    if (values !== undefined) return [name, { enum: values }];
    if (type === "list") return [name, { type: "array", items: { type: "string" } }];
    if (secret)
      return [name, { type: "string", pattern: "^(env:[A-Za-z_]\\w*|file:.+)$", expected: A_SECRET }];
    return [name, { type, minimum, maximum }];
  });
  const required = params.filter((param) => param.required).map(({ name }) => name);
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    required,
    additionalProperties: false,
  };
}
