/**
 * Dates, maps, sets and big integers in parameters. JSON has no form for them, so they are
 * submitted and stored as follows, and converted before the schema parses them:
 *
 * - a date: ISO text, `2026-11-25` or with time and zone
 * - a map: a list of pairs
 * - a set: a list
 * - a big integer: its digits as text; a number if it is exact
 */
import { z } from "zod";
import { MAX_DEPTH } from "../../protocol/limits.js";
import type { JsonSchema } from "../../protocol/schema/json-schema.js";
import { storedDate } from "../../protocol/schema/stored-date.js";
import { childSchemas, defOf, type Schema, shapeOf } from "./zod-schema.js";

/**
 * The value in its stored form. A value that is part of itself is left as it is.
 *
 * @param above - the objects that contain the value
 */
export function toStored(value: unknown, above: readonly object[] = []): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null || above.includes(value)) return value;
  const below = [...above, value];
  const stored = (each: unknown) => toStored(each, below);
  if (value instanceof Map) return [...value].map((pair) => pair.map(stored));
  if (value instanceof Set) return [...value].map(stored);
  if (Array.isArray(value)) return value.map(stored);
  if (typeof (value as { toJSON?: unknown }).toJSON === "function" || above.length > MAX_DEPTH)
    return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, stored(each)]));
}

/**
 * The value as the schema takes it. What the schema does not take is left as it is, so that the
 * schema reports it. The given value does not change.
 */
export function fromStored(schema: Schema, value: unknown): unknown {
  if (value === undefined || value === null || !hasStoredValues(schema)) return value;
  const def = defOf(schema);
  switch (def.type) {
    case "date":
      return typeof value === "string" ? (storedDate(value) ?? value) : value;
    case "bigint":
      return bigintOf(value);
    case "map":
      return isPairs(value)
        ? new Map(
            value.map(([key, each]) => [
              fromStored(def.keyType, key),
              fromStored(def.valueType, each),
            ]),
          )
        : value;
    case "set":
      return Array.isArray(value)
        ? new Set(value.map((each) => fromStored(def.valueType, each)))
        : value;
    case "literal":
      return (
        def.values.find((each: unknown) => typeof each === "bigint" && `${each}` === `${value}`) ??
        value
      );
    case "array":
      return mapList(value, () => def.element);
    case "tuple":
      return mapList(value, (index) => def.items[index] ?? def.rest);
    case "object":
      return mapObject(value, (name) => shapeOf(schema)[name] ?? def.catchall);
    case "record":
      return mapObject(value, () => def.valueType);
    case "union":
      return fromOptions(def.options, value);
    case "intersection":
      return fromStored(def.right, fromStored(def.left, value));
    default: {
      const [inner] = childSchemas(schema);
      return inner === undefined ? value : fromStored(inner, value);
    }
  }
}

/**
 * Finds a map, a set or a big integer for which the schema takes none: its stored form would reach
 * the operation as a list or a text.
 *
 * @returns its place and kind, such as `.rows is a Map`; null if there is none
 */
export function lostKind(given: unknown, read: unknown, place = ""): string | null {
  const kind = kindOf(given);
  if (kind !== null && kind !== kindOf(read)) return `${place === "" ? "it" : place} is a ${kind}`;
  if (typeof given !== "object" || given === null) return null;
  const parts = (value: unknown): Array<[string, unknown]> => {
    if (value instanceof Map) return [...value].flat().map((each, index) => [`[${index}]`, each]);
    if (value instanceof Set) return [...value].map((each, index) => [`[${index}]`, each]);
    if (Array.isArray(value)) return value.map((each, index) => [`[${index}]`, each]);
    return Object.entries(Object(value)).map(([name, each]) => [`.${name}`, each]);
  };
  const others = new Map(parts(read));
  for (const [name, each] of parts(given)) {
    const lost = lostKind(each, others.get(name), place + name);
    if (lost !== null) return lost;
  }
  return null;
}

/**
 * Whether a value that the schema takes may have another stored form. A coerced date or big integer
 * has none.
 */
export function hasStoredValues(schema: Schema): boolean {
  let has = known.get(schema);
  if (has !== undefined) return has;
  const seen = new Set<Schema>([schema]);
  has = false;
  for (const each of seen) {
    const def = defOf(each);
    if (KINDS.has(def.type) && def.coerce !== true) has = true;
    if (def.type === "literal" && def.values.some((value: unknown) => typeof value === "bigint"))
      has = true;
    for (const child of childSchemas(each)) seen.add(child);
  }
  known.set(schema, has);
  return has;
}

const KINDS = new Set(["date", "bigint", "map", "set"]);
const known = new WeakMap<Schema, boolean>();

/**
 * The JSON Schema of the stored form; undefined for other schemas.
 *
 * @param inner - makes the JSON Schema of an inner schema
 */
export function storedSchema(
  schema: Schema,
  inner: (schema: Schema) => JsonSchema,
): JsonSchema | undefined {
  const def = defOf(schema);
  switch (def.type) {
    case "date":
      return { type: "string", format: "date-time" };
    case "bigint":
      return { type: "string", format: "bigint", pattern: "^-?\\d+$" };
    case "literal":
      return { enum: def.values.map((value: unknown) => toStored(value)) };
    case "map": {
      const pair = [inner(def.keyType), inner(def.valueType)];
      return {
        type: "array",
        items: { type: "array", prefixItems: pair, minItems: 2, maxItems: 2 },
      };
    }
    case "set":
      return { type: "array", uniqueItems: true, items: inner(def.valueType) };
    default:
      return undefined;
  }
}

/** Digits of a big integer: reading a longer one takes noticeable time. */
const MOST_DIGITS = 10_000;

function bigintOf(value: unknown): unknown {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== "string" || value.length > MOST_DIGITS || !/^-?\d+$/.test(value))
    return value;
  return BigInt(value);
}

/** The first option that accepts the value; an option with async code is not tried. */
function fromOptions(options: readonly Schema[], value: unknown): unknown {
  for (const option of options) {
    const read = fromStored(option, value);
    try {
      if (z.safeParse(option, read).success) return read;
    } catch {
      if (read !== value) return read;
    }
  }
  return value;
}

function mapList(value: unknown, schemaAt: (index: number) => Schema | null | undefined): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((each, index) => read(schemaAt(index), each));
}

function mapObject(value: unknown, schemaOf: (name: string) => Schema | null | undefined): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, read(schemaOf(name), each)]),
  );
}

function read(schema: Schema | null | undefined, value: unknown): unknown {
  return schema === null || schema === undefined ? value : fromStored(schema, value);
}

function isPairs(value: unknown): value is Array<[unknown, unknown]> {
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2);
}

function kindOf(value: unknown): string | null {
  if (typeof value === "bigint") return "bigint";
  if (value instanceof Map) return "Map";
  return value instanceof Set ? "Set" : null;
}
