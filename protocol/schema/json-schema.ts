/**
 * Reads a JSON Schema (draft 2020-12, as zod writes it): references, branches, properties.
 *
 * Used by the parameter list and by the parser of `name=value` arguments. Pure; imports nothing.
 */

export type JsonSchema = { readonly [keyword: string]: unknown };

/** Follows `$ref`s within the same document. */
export function resolveRef(schema: JsonSchema, root: JsonSchema): JsonSchema {
  let current = schema;
  // A longer chain of references is taken for a cycle.
  for (let hops = 0; hops < 32 && typeof current.$ref === "string"; hops++) {
    const target = at(root, current.$ref);
    if (target === undefined) return {};
    const { $ref: _, ...beside } = current;
    current = { ...target, ...beside };
  }
  return current;
}

/**
 * The alternatives for a value, flat: branches of `anyOf` and `oneOf`, and one for each type of a
 * list of types.
 */
export function branches(schema: JsonSchema, root: JsonSchema, depth = 0): JsonSchema[] {
  const resolved = resolveRef(schema, root);
  const either = (resolved.anyOf ?? resolved.oneOf) as JsonSchema[] | undefined;
  if (!Array.isArray(either) || depth > 8) {
    const { type } = resolved;
    return Array.isArray(type) ? type.map((each) => ({ ...resolved, type: each })) : [resolved];
  }
  return either.flatMap((branch) => branches(branch, root, depth + 1));
}

/** An object schema, merged from its branches and the parts of an `allOf`. */
export interface ObjectShape {
  properties: Map<string, JsonSchema>;
  /** Required in every branch. */
  required: Set<string>;
  /** Schema of properties with other names; null if other names are not allowed. */
  rest: JsonSchema | null;
}

/** The object shape that the schema allows; null if it allows no object. */
export function objectShape(schema: JsonSchema, root: JsonSchema, depth = 0): ObjectShape | null {
  if (depth > 8) return null;
  const shapes: ObjectShape[] = [];
  for (const branch of branches(schema, root)) {
    const shape = ownShape(branch, root, depth);
    if (shape !== null) shapes.push(shape);
  }
  return shapes.length === 0 ? null : shapes.reduce((a, b) => merge(a, b, "either"));
}

function ownShape(schema: JsonSchema, root: JsonSchema, depth: number): ObjectShape | null {
  if (isOpen(schema)) return { properties: new Map(), required: new Set(), rest: {} };
  let shape: ObjectShape | null = null;
  if (
    mayBe(schema, "object") &&
    (schema.properties || schema.additionalProperties || schema.type)
  ) {
    shape = {
      properties: new Map(Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)),
      required: new Set((schema.required ?? []) as string[]),
      rest: restOf(schema.additionalProperties),
    };
  }
  for (const part of (schema.allOf ?? []) as JsonSchema[]) {
    const partShape = objectShape(part, root, depth + 1);
    if (partShape !== null) shape = shape === null ? partShape : merge(shape, partShape, "both");
  }
  return shape;
}

function merge(a: ObjectShape, b: ObjectShape, how: "either" | "both"): ObjectShape {
  const properties = new Map(a.properties);
  for (const [name, schema] of b.properties) {
    const other = properties.get(name);
    if (other === undefined) properties.set(name, schema);
    else properties.set(name, how === "both" ? { ...other, ...schema } : anyOf(other, schema));
  }
  const required =
    how === "both"
      ? new Set([...a.required, ...b.required])
      : new Set([...a.required].filter((name) => b.required.has(name)));
  return { properties, required, rest: a.rest ?? b.rest };
}

function anyOf(a: JsonSchema, b: JsonSchema): JsonSchema {
  if (JSON.stringify(a) === JSON.stringify(b)) return a;
  const description = a.description ?? b.description;
  return { anyOf: [a, b], description };
}

function restOf(additional: unknown): JsonSchema | null {
  if (additional === true) return {};
  return typeof additional === "object" && additional !== null ? (additional as JsonSchema) : null;
}

/** Whether a schema without branches allows any value. */
function isOpen(schema: JsonSchema): boolean {
  return !["type", "properties", "additionalProperties", "allOf", "const", "enum", "not"].some(
    (word) => word in schema,
  );
}

/** Whether a schema without branches allows this type. */
export function mayBe(schema: JsonSchema, type: string): boolean {
  if (schema.type === undefined) return schema.not === undefined;
  return schema.type === type;
}

/** The values of `const` or `enum`; null without these keywords. */
export function fixedValues(schema: JsonSchema): readonly unknown[] | null {
  if ("const" in schema) return [schema.const];
  return Array.isArray(schema.enum) ? schema.enum : null;
}

function at(root: JsonSchema, ref: string): JsonSchema | undefined {
  if (!ref.startsWith("#")) return undefined;
  let current: unknown = root;
  for (const part of ref.slice(1).split("/").filter(Boolean)) {
    const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key))
      return undefined;
    current = (current as Record<string, unknown>)[key];
  }
  return typeof current === "object" && current !== null ? (current as JsonSchema) : undefined;
}
