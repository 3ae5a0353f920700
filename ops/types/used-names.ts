/** The names of queues and types that a pipeline uses. Only where it is submitted is it known whether they exist. */
import { branches, fixedValues, type JsonSchema, objectShape } from "../../protocol/schema/json-schema.js";
import { nearest } from "../../protocol/text/nearest.js";

/** Where a value stands in a file. */
export interface NamePlace {
  line: number;
  column: number;
  key: string;
  /** Absolute; absent: the file of the pipeline. */
  file?: string;
}

export type UsedName = { name: string; at: NamePlace } & (
  | { kind: "queue" }
  /** `given`: the parameters; a value that is not known yet is absent. */
  | { kind: "type"; given: ReadonlyArray<{ name: string; at: NamePlace; value?: unknown }> }
);

export interface KnownNames {
  queues: readonly string[];
  /** The schema of the parameters; null: it is not known. */
  types: ReadonlyMap<string, JsonSchema | null>;
}

export interface NameProblem extends NamePlace {
  message: string;
  nearest: string[];
}

export function problemsOfNames(uses: readonly UsedName[], { queues, types }: KnownNames): NameProblem[] {
  return uses.flatMap((use) => {
    const { kind, name, at } = use;
    if (kind === "queue")
      return queues.includes(name)
        ? []
        : [unknown(at, `there is no queue ${name}`, name, queues, "liveops queue set creates one")];
    if (!types.has(name))
      return [unknown(at, `there is no operation type ${name}`, name, [...types.keys()], TYPES)];
    const schema = types.get(name) ?? null;
    return schema === null ? [] : problemsOfParams(use, schema);
  });
}

const TYPES = "liveops ops lists the types; for a file write its ending, such as build.yaml";

function problemsOfParams(
  { name: type, at, given }: UsedName & { kind: "type" },
  schema: JsonSchema,
): NameProblem[] {
  const shape = objectShape(schema, schema);
  if (shape === null) return [];
  const { properties, required, rest } = shape;
  const names = [...properties.keys()];
  const has = names.length === 0 ? "no parameters" : `the parameters ${names.join(", ")}`;
  const missing = [...required].filter((name) => !given.some((each) => each.name === name));
  return [
    ...missing.map((name) =>
      problem(at, `${type} needs the parameter ${name}; add with: { ${name}: … }`, []),
    ),
    ...given.flatMap(({ name, at: place, value }) => {
      const property = properties.get(name) ?? rest;
      if (property === null) return [unknown(place, `${type} has ${has}`, name, names)];
      const isWrong = value !== undefined && !branches(property, schema).some((each) => accepts(each, value));
      return isWrong ? [problem(place, `${type} does not take ${JSON.stringify(value)}`, [])] : [];
    }),
  ];
}

/** By its type, and the values that it lists. */
function accepts(schema: JsonSchema, value: unknown): boolean {
  const values = fixedValues(schema);
  if (values !== null) return values.includes(value);
  const { type } = schema;
  if (type === "array") return Array.isArray(value);
  if (type === "null") return value === null;
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return type === undefined || typeof value === type;
}

function unknown(
  at: NamePlace,
  message: string,
  typed: string,
  names: readonly string[],
  otherwise?: string,
): NameProblem {
  const near = nearest(typed, names);
  const hint = near.length > 0 ? `did you mean ${near.join(" or ")}?` : otherwise;
  return problem(at, hint === undefined ? message : `${message}; ${hint}`, near);
}

function problem(at: NamePlace, message: string, near: string[]): NameProblem {
  return { ...at, message: `${at.key}: ${message}`, nearest: near };
}
