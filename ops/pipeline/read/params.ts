/** Reads `params`: types, defaults and secrets of the parameters. */
import { PARAM_KEYS } from "../../../protocol/pipeline/keys.js";
import { PARAM_TYPES, SECRET_SOURCE } from "../../../protocol/pipeline/values.js";
import type { PipelineParam } from "../definition.js";
import { quoted } from "./problems.js";
import { nameProblem } from "./scope.js";
import type { Field, Section } from "./values.js";

type ParamType = PipelineParam["type"];
type ParamSection = Section<keyof typeof PARAM_KEYS>;
type Value = NonNullable<PipelineParam["default"]>;

export function readParams(field: Field | undefined): PipelineParam[] {
  return (field?.entries("") ?? []).map(([name, param]) => readParam(name, param));
}

/** A parameter with problems is read too, so that its name is known below. */
function readParam(name: string, field: Field): PipelineParam {
  const problem = nameProblem(name, true);
  if (problem !== null) field.keyProblem(`params: ${problem}`);
  const isPlain = field.node.kind === "scalar" && field.node.value === null;
  const section = isPlain ? null : field.section("a parameter", PARAM_KEYS);
  if (section === null)
    return { name, type: "string", required: false, secret: false, description: null };
  const type = typeOf(section.get("type"));
  const param: PipelineParam = {
    name,
    type: type ?? "string",
    required: section.get("required")?.flag() ?? false,
    secret: section.get("secret")?.flag() ?? false,
    description: section.get("description")?.text() ?? null,
  };
  if (param.secret) readSecret(param, section, field);
  else {
    section
      .get("from")
      ?.keyProblem(`${field.key}: from is the source of a secret; write secret: true, or default`);
    if (type !== null) readValues(param, section, field.key);
  }
  return param;
}

/** Null: unknown, so that no value can be checked against it. */
function typeOf(field: Field | undefined): ParamType | null {
  if (field === undefined) return "string";
  const { node, key, takes } = field;
  const text = node.kind === "scalar" ? node.text : "";
  const type = PARAM_TYPES.find((each) => each === text);
  if (type !== undefined) return type;
  const named = {
    int: "integer",
    float: "number",
    bool: "boolean",
    text: "string",
    str: "string",
    array: "list",
  }[text];
  const message = `${key} takes ${takes}, not ${text === "" ? "this" : quoted(text)}`;
  if (named !== undefined) field.problem(`${message}; write ${named}`, [named]);
  else field.problems.addNear(node.at, key, message, text, PARAM_TYPES);
  return null;
}

function readSecret(param: PipelineParam, section: ParamSection, { key, problems }: Field): void {
  const { at } = section.get("type")?.node ?? section;
  if (param.type !== "string")
    problems.add(at, `${key}.type`, `${key}: a secret is text; write type: string`);
  for (const name of ["default", "enum"] as const) {
    const why = name === "default" ? "; the file would hold the secret" : "";
    section.get(name)?.keyProblem(`${key}: a secret takes no ${name}${why}`);
  }
  const from = section.get("from");
  const source = from?.text();
  if (from === undefined || source == null) return;
  if (param.required) from.keyProblem(`${key}: a required parameter takes no from; remove one`);
  if (!new RegExp(SECRET_SOURCE, "s").test(source)) from.refuse();
  else param.from = source === "prompt:" ? `prompt:${param.name}` : source;
}

function readValues(param: PipelineParam, section: ParamSection, key: string): void {
  if (param.type === "list") {
    readList(param, section, key);
    return;
  }
  const values = enumOf(section.get("enum"), param);
  if (values !== undefined) param.enum = values;
  const field = section.get("default");
  if (field === undefined) return;
  if (param.required) field.keyProblem(`${key}: a required parameter takes no default; remove one`);
  const value = ofType(field, param.type);
  if (value === undefined) return;
  param.default = value;
  if (values !== undefined && !(values as Value[]).includes(value))
    field.problem(
      `${field.key} takes one of ${values.map(String).join(", ")}, not ${quoted(String(value))}`,
    );
}

/** Its default is a list of texts, which may be empty: a list always has a value. */
function readList(param: PipelineParam, section: ParamSection, key: string): void {
  section.get("enum")?.keyProblem(`${key}: a list takes no enum`);
  const field = section.get("default");
  if (field === undefined) {
    if (!param.required) param.default = [];
    return;
  }
  if (param.required) field.keyProblem(`${key}: a required parameter takes no default; remove one`);
  const isList = field.node.kind === "list";
  if (!isList) field.refuse("a list of texts");
  const items =
    isList && field.node.kind === "list" && field.node.items.length > 0
      ? field.items("a text")
      : [];
  param.default = items.flatMap((item) => item.scalar()?.text ?? []);
}

function enumOf(field: Field | undefined, param: PipelineParam): PipelineParam["enum"] | undefined {
  if (field === undefined) return undefined;
  if (param.type === "boolean") {
    field.keyProblem(`${field.key} is for text and numbers; the type is boolean`);
    return undefined;
  }
  const items = field.items("");
  const values: Value[] = [];
  for (const item of items) {
    const value = ofType(item, param.type);
    if (value === undefined) continue;
    if (values.includes(value)) item.problem(`${field.key} has ${quoted(String(value))} twice`);
    values.push(value);
  }
  return items.length === 0 ? undefined : (values as Array<string | number>);
}

/** A value of the type. Undefined if it is not, which is added as a problem. */
function ofType(field: Field, type: ParamType): string | number | boolean | undefined {
  if (type === "list") return undefined;
  const { node } = field;
  const value = node.kind === "scalar" ? node.value : null;
  if (node.kind === "scalar" && value !== null) {
    if (type === "string") return node.text;
    if (type === "boolean" && typeof value === "boolean") return value;
    if (type === "number" && typeof value === "number" && Number.isFinite(value)) return value;
    if (type === "integer" && Number.isSafeInteger(value)) return value as number;
  }
  field.refuse(OF_TYPE[type]);
  return undefined;
}

const OF_TYPE: Record<Exclude<ParamType, "list">, string> = {
  string: "a text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
};
