/** Reads `params`: types, bounds, defaults and secrets of the parameters. */
import { PARAM_KEYS, PIPELINE_KEYS } from "../../../protocol/pipeline/keys.js";
import { PARAM_TYPES } from "../../../protocol/pipeline/values.js";
import type { PipelineParam } from "../definition.js";
import { type Problems, quoted } from "./problems.js";
import { nameProblem } from "./scope.js";
import type { Reader, Section } from "./values.js";
import type { MapEntry, TreeNode } from "./yaml-tree.js";

type ParamType = PipelineParam["type"];
type Value = string | number | boolean;

export class ParamReader {
  readonly #problems: Problems;

  constructor(private readonly reader: Reader) {
    this.#problems = reader.problems;
  }

  read(entry: MapEntry | undefined): PipelineParam[] {
    const map = entry === undefined ? null : this.reader.map(entry.value, "params", PIPELINE_KEYS.params);
    return (map?.entries ?? []).map((each) => this.#param(each));
  }

  /** A parameter with problems is read too, so that its name is known below. */
  #param({ name, at, value }: MapEntry): PipelineParam {
    const key = `params.${name}`;
    const problem = nameProblem(name, true);
    if (problem !== null) this.#problems.add(at, key, `params: ${problem}`);
    const isPlain = value.kind === "scalar" && value.value === null;
    const section = isPlain ? null : this.reader.section(value, key, "a parameter", PARAM_KEYS);
    const param: PipelineParam = {
      name,
      type: "string",
      required: false,
      secret: false,
      description: null,
    };
    if (section === null) return param;
    const { reader } = this;
    const description = section.get("description");
    if (description !== undefined)
      param.description = reader.text(description.value, `${key}.description`, PARAM_KEYS.description);
    const type = this.#type(section.get("type"), `${key}.type`);
    param.type = type ?? "string";
    param.required = reader.flag(section.get("required"), `${key}.required`, PARAM_KEYS.required);
    param.secret = reader.flag(section.get("secret"), `${key}.secret`, PARAM_KEYS.secret);
    if (param.secret) this.#checkSecret(param, section, key);
    else if (type !== null) this.#readValues(param, section, key);
    return param;
  }

  /** Null: unknown, so that no value can be checked against it. */
  #type(entry: MapEntry | undefined, key: string): ParamType | null {
    if (entry === undefined) return "string";
    const { value } = entry;
    const text = value.kind === "scalar" ? value.text : "";
    const type = PARAM_TYPES.find((each) => each === text);
    if (type !== undefined) return type;
    const named = { int: "integer", float: "number", bool: "boolean", text: "string", str: "string" }[text];
    const message = `${key} takes ${PARAM_KEYS.type.takes}, not ${text === "" ? "this" : quoted(text)}`;
    if (named !== undefined) this.#problems.add(value.at, key, `${message}; write ${named}`, [named]);
    else this.#problems.addNear(value.at, key, message, text, PARAM_TYPES);
    return null;
  }

  #checkSecret(param: PipelineParam, section: Section, key: string): void {
    const { at: typeAt } = section.get("type")?.value ?? section;
    if (param.type !== "string")
      this.#problems.add(typeAt, `${key}.type`, `${key}: a secret is text; write type: string`);
    for (const name of ["default", "enum", "minimum", "maximum"] as const) {
      const entry = section.get(name);
      const why = name === "default" ? "; the file would hold the secret" : "";
      if (entry !== undefined)
        this.#problems.add(entry.at, `${key}.${name}`, `${key}: a secret takes no ${name}${why}`);
    }
  }

  #readValues(param: PipelineParam, section: Section, key: string): void {
    const { type } = param;
    const minimum = this.#bound(section.get("minimum"), `${key}.minimum`, type);
    const maximum = this.#bound(section.get("maximum"), `${key}.maximum`, type);
    if (minimum !== undefined) param.minimum = minimum;
    if (maximum !== undefined) param.maximum = maximum;
    if (minimum !== undefined && maximum !== undefined && minimum > maximum)
      this.#problems.add(
        section.get("maximum")!.value.at,
        `${key}.maximum`,
        `${key}.maximum is ${maximum}, less than the minimum ${minimum}`,
      );
    const values = this.#enum(section.get("enum"), `${key}.enum`, param);
    if (values !== undefined) param.enum = values;
    const given = section.get("default");
    if (given === undefined) return;
    if (param.required)
      this.#problems.add(
        given.at,
        `${key}.default`,
        `${key}: a required parameter takes no default; remove one`,
      );
    const value = this.#value(given.value, `${key}.default`, param);
    if (value === undefined) return;
    param.default = value;
    if (values !== undefined && !(values as Value[]).includes(value))
      this.#problems.add(
        given.value.at,
        `${key}.default`,
        `${key}.default takes one of ${values.map(String).join(", ")}, not ${quoted(String(value))}`,
      );
  }

  #bound(entry: MapEntry | undefined, key: string, type: ParamType): number | undefined {
    if (entry === undefined) return undefined;
    if (type !== "integer" && type !== "number") {
      this.#problems.add(entry.at, key, `${key} is for numbers; the type is ${type}`);
      return undefined;
    }
    return this.#ofType(entry.value, key, type) as number | undefined;
  }

  #enum(entry: MapEntry | undefined, key: string, param: PipelineParam): PipelineParam["enum"] | undefined {
    if (entry === undefined) return undefined;
    if (param.type === "boolean") {
      this.#problems.add(entry.at, key, `${key} is for text and numbers; the type is boolean`);
      return undefined;
    }
    const list = this.reader.list(entry.value, key, PARAM_KEYS.enum);
    if (list === null) return undefined;
    const values: Value[] = [];
    list.items.forEach((item, index) => {
      const value = this.#value(item, `${key}[${index}]`, param);
      if (value === undefined) return;
      if (values.includes(value))
        this.#problems.add(item.at, `${key}[${index}]`, `${key} has ${quoted(String(value))} twice`);
      values.push(value);
    });
    return values as Array<string | number>;
  }

  /** A value of the type, within the bounds. Undefined if it is not, which is added as a problem. */
  #value(node: TreeNode, key: string, { type, minimum, maximum }: PipelineParam): Value | undefined {
    const value = this.#ofType(node, key, type);
    if (typeof value !== "number") return value;
    const problem =
      minimum !== undefined && value < minimum
        ? `at least ${minimum}`
        : maximum !== undefined && value > maximum
          ? `at most ${maximum}`
          : null;
    if (problem === null) return value;
    this.#problems.add(node.at, key, `${key} takes ${problem}, not ${value}`);
    return undefined;
  }

  #ofType(node: TreeNode, key: string, type: ParamType): Value | undefined {
    const value = node.kind === "scalar" ? node.value : null;
    if (node.kind === "scalar" && value !== null) {
      if (type === "string") return node.text;
      if (type === "boolean" && typeof value === "boolean") return value;
      if (type === "number" && typeof value === "number" && Number.isFinite(value)) return value;
      if (type === "integer" && Number.isSafeInteger(value)) return value as number;
    }
    this.reader.refuse(node, key, { takes: OF_TYPE[type] });
    return undefined;
  }
}

const OF_TYPE: Record<ParamType, string> = {
  string: "a text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
};
