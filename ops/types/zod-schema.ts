/**
 * Walks zod schemas by their definitions, which are the same in every copy of zod 4. The input side
 * counts: of a pipe the first schema.
 */
import type { z } from "zod";

export type Schema = z.core.$ZodType;

/** The definition; its keys depend on its `type`. */
// biome-ignore lint/suspicious/noExplicitAny: a key per type of schema, and zod exports no union of the definitions
export function defOf(schema: Schema): { type: string } & Record<string, any> {
  return schema._zod.def;
}

/** The properties of an object schema. */
export function shapeOf(schema: Schema): Record<string, Schema> {
  const { shape } = defOf(schema);
  return shape ?? {};
}

/** The schemas inside a schema, on its input side. */
export function childSchemas(schema: Schema): Schema[] {
  return Object.values(namedChildren(schema));
}

/**
 * As `childSchemas`; each with its place below the schema, such as `.name` or `[0]`, or an empty
 * place and a number.
 */
export function namedChildren(schema: Schema): Record<string, Schema> {
  const def = defOf(schema);
  const found: Record<string, Schema | null | undefined> = {};
  switch (def.type) {
    case "object":
      for (const [name, each] of Object.entries(shapeOf(schema))) found[`.${name}`] = each;
      found[".*"] = def.catchall;
      break;
    case "array":
      found["[]"] = def.element;
      break;
    case "set":
    case "map":
    case "record":
      found[" (key)"] = def.keyType;
      found[def.type === "set" ? "[]" : " (value)"] = def.valueType;
      break;
    case "tuple":
      for (const [index, each] of def.items.entries()) found[`[${index}]`] = each;
      found["[]"] = def.rest;
      break;
    case "union":
      for (const [index, each] of def.options.entries()) found[` (option ${index + 1})`] = each;
      break;
    case "intersection":
      Object.assign(found, { " (left)": def.left, " (right)": def.right });
      break;
    case "pipe":
      found[""] = def.in;
      break;
    case "lazy":
      found[""] = def.getter();
      break;
    default:
      found[""] = def.innerType;
  }
  return Object.fromEntries(
    Object.entries(found).filter(([, each]) => each?._zod !== undefined),
  ) as Record<string, Schema>;
}
