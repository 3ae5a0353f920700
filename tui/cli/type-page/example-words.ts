/** Makes example arguments for a type: one for each required parameter. Pure. */
import {
  branches,
  fixedValues,
  type JsonSchema,
  objectShape,
  resolveRef,
} from "../../../protocol/schema/json-schema.js";

/** `name=value` arguments, and `-- ARG` for a list `args`. The values only show the form. */
export function exampleWords(schema: JsonSchema | null): string[] {
  const shape = schema === null ? null : firstObject(schema, schema);
  if (schema === null || shape === null) return [];
  const words = required(shape).flatMap(([name, property]) =>
    name === "args" && isList(property, schema) ? [] : wordsFor(name, property, schema, 0),
  );
  const args = shape.properties.get("args");
  const isTrailing = args !== undefined && isList(args, schema);
  return isTrailing ? [...words, "--", "ARG"] : words;
}

type Shape = NonNullable<ReturnType<typeof objectShape>>;

function required({ properties, required }: Shape): Array<[string, JsonSchema]> {
  return [...properties].filter(
    ([name, { default: byDefault }]) => required.has(name) && byDefault === undefined,
  );
}

/** The first variant that is an object. */
function firstObject(schema: JsonSchema, root: JsonSchema): Shape | null {
  for (const branch of branches(schema, root)) {
    const shape = branch.type === "array" ? null : objectShape(branch, root);
    if (shape !== null) return shape;
  }
  return null;
}

function wordsFor(name: string, schema: JsonSchema, root: JsonSchema, depth: number): string[] {
  const [branch] = branches(schema, root).filter(({ type }) => type !== "null");
  if (branch === undefined) return [`${name}:=null`];
  if (fixedValues(branch) === null && branch.type === "object" && depth < 4) {
    const shape = objectShape(branch, root);
    const inner = shape === null ? [] : required(shape);
    if (inner.length > 0)
      return inner.flatMap(([key, each]) => wordsFor(`${name}.${key}`, each, root, depth + 1));
  }
  const value = valueFor(branch, root, depth);
  if (Array.isArray(value) && value.every((item) => typeof item === "string"))
    return value.map((item) => `${name}=${item}`);
  return typeof value === "object" ? [`${name}:=${JSON.stringify(value)}`] : [`${name}=${value}`];
}

function valueFor(schema: JsonSchema, root: JsonSchema, depth: number): unknown {
  const branch = resolveRef(schema, root);
  const [given] = [...(fixedValues(branch) ?? []), ...((branch.examples ?? []) as unknown[])];
  if (given !== undefined) return given;
  switch (branch.type) {
    case "string":
      return textFor(branch);
    case "boolean":
      return true;
    case "number":
    case "integer":
      return numberFor(branch);
    case "array":
      return listFor(branch, root, depth);
    case "object": {
      const shape = objectShape(branch, root);
      const inner = shape === null || depth > 4 ? [] : required(shape);
      return Object.fromEntries(inner.map(([name, each]) => [name, valueOfAny(each, root, depth + 1)]));
    }
    default:
      return "VALUE";
  }
}

function valueOfAny(schema: JsonSchema, root: JsonSchema, depth: number): unknown {
  const [branch] = branches(schema, root).filter(({ type }) => type !== "null");
  return branch === undefined ? null : valueFor(branch, root, depth);
}

function textFor({ format }: JsonSchema): string {
  if (format === "date-time") return "2026-11-25T08:30:00Z";
  if (format === "date") return "2026-11-25";
  if (format === "bigint") return "1";
  return "TEXT";
}

function numberFor({ type, minimum, exclusiveMinimum: above, maximum, exclusiveMaximum: below }: JsonSchema) {
  const least = typeof minimum === "number" && minimum > Number.MIN_SAFE_INTEGER ? minimum : null;
  if (least !== null && least > 0) return least;
  if (typeof above === "number")
    return type === "integer" || typeof below !== "number" ? above + 1 : (above + below) / 2;
  return typeof maximum === "number" && maximum < 1 ? maximum : 1;
}

function listFor({ items, prefixItems, minItems }: JsonSchema, root: JsonSchema, depth: number): unknown[] {
  if (Array.isArray(prefixItems))
    return prefixItems.map((each) => valueOfAny(each as JsonSchema, root, depth + 1));
  const item =
    typeof items === "object" && items !== null ? valueOfAny(items as JsonSchema, root, depth + 1) : "VALUE";
  return Array.from({ length: Math.min(3, Math.max(1, Number(minItems ?? 1))) }, () => item);
}

function isList(schema: JsonSchema, root: JsonSchema): boolean {
  return branches(schema, root).every(({ type }) => type === "array");
}
