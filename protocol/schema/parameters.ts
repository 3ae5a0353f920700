/**
 * Describes the parameters of an operation type, from the JSON Schema of its input: for `liveops
 * ops` and for errors about parameters. Pure; imports only `json-schema.ts`, so that fast commands
 * can use it.
 */
import { getOwn, isPlainObject } from "../objects.js";
import { branches, fixedValues, type JsonSchema, objectShape, resolveRef } from "./json-schema.js";

export interface Parameter {
  name: string;
  /** `text`, `number`, `list of text`, `fast | slow`. */
  type: string;
  required: boolean;
  /** Absent without a default. */
  default?: unknown;
  description: string | null;
}

/** The parameters in declared order; empty if the type takes any parameters, or none. */
export function listParameters(schema: JsonSchema | null): Parameter[] {
  const shape = schema === null ? null : objectShape(schema, schema);
  if (schema === null || shape === null) return [];
  return [...shape.properties].map(([name, property]) => {
    const resolved = resolveRef(property, schema);
    return {
      name,
      type: typeInWords(property, schema),
      required: shape.required.has(name) && resolved.default === undefined,
      ...(resolved.default !== undefined && { default: resolved.default }),
      description: typeof resolved.description === "string" ? resolved.description : null,
    };
  });
}

/**
 * The parameters with each default as it was before: left out, or written. To write a default, or
 * to leave it out, changes nothing.
 */
export function withDefaultsAs(
  before: Readonly<Record<string, unknown>>,
  params: Readonly<Record<string, unknown>>,
  schema: JsonSchema | null,
): Record<string, unknown> {
  const now = { ...params };
  for (const { name, ...rest } of listParameters(schema)) {
    const [old, value] = [getOwn(before, name), getOwn(now, name)];
    const isDefault = (each: unknown) => JSON.stringify(each) === JSON.stringify(rest.default);
    if (!("default" in rest)) continue;
    if (old === undefined && isDefault(value)) delete now[name];
    if (value === undefined && old !== undefined && isDefault(old)) now[name] = old;
  }
  return now;
}

/** Appends the words after `--` as the exact JSON value of `args`. */
export function withTrailing(set: string[], trailing: string[] | undefined): string[] {
  return trailing === undefined ? set : [...set, `args:=${JSON.stringify(trailing)}`];
}

/**
 * The parameters as lines with columns: name, type, required or default, description. No colours,
 * no indent.
 */
export function renderParameters(schema: JsonSchema | null): string[] {
  if (schema === null) return ["any (the type declares no schema)"];
  const parameters = listParameters(schema);
  const rows = parameters.map(({ name, type, required, description, ...rest }) => {
    const unset = "default" in rest ? `default ${JSON.stringify(rest.default)}` : "optional";
    return [name, type, required ? "required" : unset, description ?? ""];
  });
  if (objectShape(schema, schema)?.rest) rows.push(["…", "any other name", "optional", ""]);
  return alignedRows(rows);
}

/**
 * Name, type, default and description in columns. A row without a type has one cell, which may be
 * long.
 */
export function alignedRows(rows: ReadonlyArray<readonly string[]>): string[] {
  if (rows.length === 0) return ["none"];
  const width = [0, 1, 2].map((column) =>
    Math.max(...rows.map((row) => (row[1] === "" ? 0 : row[column]!.length))),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(width[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** Describes the type of a schema. */
export function typeInWords(schema: JsonSchema, root: JsonSchema, depth = 0): string {
  const words = branches(schema, root).map((branch) => branchInWords(branch, root, depth));
  return [...new Set(words)].join(" | ");
}

/** Texts of a certain form. */
const FORMATS: Record<string, string> = {
  "date-time": "date",
  date: "date",
  time: "time",
  bigint: "whole number",
};

function branchInWords(schema: JsonSchema, root: JsonSchema, depth: number): string {
  const fixed = fixedValues(schema);
  if (fixed !== null)
    return fixed
      .map((value) => (typeof value === "string" ? value : JSON.stringify(value)))
      .join(" | ");
  switch (schema.type) {
    case "string":
      return (typeof schema.format === "string" && FORMATS[schema.format]) || "text";
    case "boolean":
      return "true | false";
    case "number":
      return "number";
    case "integer":
      return "whole number";
    case "array": {
      if (depth > 3 || !isPlainObject(schema.items)) return "list";
      if (Array.isArray(schema.items.prefixItems)) return "list of pairs";
      const inner = typeInWords(schema.items, root, depth + 1);
      return inner === "any" ? "list" : `list of ${inner}`;
    }
    case "object":
      return "object";
    case "null":
      return "null";
    default:
      return schema.allOf ? "object" : "any";
  }
}
