/** Describes a type for `GET /v1/ops`. Called by the loader process and by `liveops run`. */
import { z } from "zod";
import { pick } from "../../protocol/objects.js";
import type { OperationType } from "../../protocol/replies.js";
import type { JsonSchema } from "../../protocol/schema/json-schema.js";
import { CHECKS_MORE } from "../../protocol/schema/misfit.js";
import { OF_TYPE } from "../../protocol/submit-fields.js";
import { type OperationCtor, readType, TypeFault } from "./read-type.js";
import { hasStoredValues, storedSchema, toStored } from "./stored-values.js";
import { defOf, namedChildren, type Schema } from "./zod-schema.js";

const made = new WeakMap<z.ZodType, JsonSchema>();

/**
 * The JSON Schema of a type's parameters, for `name=value` arguments and `liveops ops`. Null:
 * unchecked.
 */
export function inputSchema(params: z.ZodType | null): JsonSchema | null {
  if (params === null) return null;
  const known = made.get(params);
  if (known !== undefined) return known;
  const plain = JSON.parse(JSON.stringify(toJsonSchema(params))) as JsonSchema;
  made.set(params, plain);
  return plain;
}

function toJsonSchema(schema: Schema): JsonSchema {
  return z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: ({ zodSchema, message }) =>
      // The literal `undefined` is left out, and a default is set below.
      message.includes("undefined") || message.includes("default")
        ? "any"
        : (storedSchema(zodSchema, innerSchema) ?? "any"),
    override: ({ zodSchema, jsonSchema }) => {
      const { type, defaultValue } = defOf(zodSchema);
      if (checksMore(zodSchema, jsonSchema)) jsonSchema[CHECKS_MORE] = true;
      if (type === "default" && hasStoredValues(zodSchema))
        jsonSchema.default = toStored(defaultValue) as typeof jsonSchema.default;
    },
  }) as JsonSchema;
}

/** Checks that JSON Schema has words for. */
const SAID = new Set([
  "min_length",
  "max_length",
  "length_equals",
  "string_format",
  "greater_than",
  "less_than",
  "multiple_of",
  "number_format",
]);
/** Formats that zod checks beyond their pattern. */
const CODED = new Set(["base64", "base64url", "ipv6", "cidrv6", "jwt"]);

/**
 * Whether the type may refuse a value that fits its JSON Schema: by code of the author, or a check
 * without a word.
 */
function checksMore(schema: Schema, { type, pattern, allOf, format }: JsonSchema): boolean {
  const def = defOf(schema);
  if (["custom", "pipe", "transform"].includes(def.type)) return true;
  const checks = [def, ...(def.checks ?? []).map((check: Schema) => check._zod.def)];
  return checks.some(({ check, format: name, hostname, protocol }) => {
    if (check === undefined) return false;
    // A size of a list in its stored form is not published.
    if (!SAID.has(check) || ["date", "bigint", "set", "map"].includes(def.type)) return true;
    const isText = check === "string_format" && type === "string";
    const isUnsaid = pattern === undefined && allOf === undefined && format !== "uri";
    return (
      isText && (isUnsaid || CODED.has(name) || hostname !== undefined || protocol !== undefined)
    );
  });
}

/**
 * A schema within another one. References would point into the wrong document, so such a schema
 * counts as any.
 */
function innerSchema(schema: Schema): JsonSchema {
  const { $schema: _, ...inner } = toJsonSchema(schema);
  return JSON.stringify(inner).includes('"$ref"') ? {} : inner;
}

/** @throws TypeFault for invalid statics, or a schema that JSON Schema cannot describe */
export function describeType(Type: OperationCtor, file: string): OperationType {
  const type = readType(Type);
  const { op, title, stages, resumable, failIfOdd, timeout, gracePeriod, retry, params } = type;
  return {
    op,
    title,
    stages: typeof stages === "function" ? null : [...stages],
    resumable,
    failIfOdd,
    timeout,
    gracePeriod,
    retry,
    ...pick(type, OF_TYPE),
    file,
    params: schemaOf(Type, params),
  };
}

function schemaOf(
  Type: OperationCtor,
  params: Parameters<typeof inputSchema>[0],
): OperationType["params"] {
  const problem = params === null ? null : whyNotSubmittable(params);
  if (problem !== null) throw new TypeFault(`class ${Type.name}: static params: ${problem}`);
  try {
    return inputSchema(params);
  } catch (error) {
    throw new TypeFault(
      `class ${Type.name}: static params cannot be described: ${(error as Error).message}`,
    );
  }
}

/** What to use in the place of each kind of schema. */
const INSTEAD: Record<string, string> = {
  file: "take the path of a file: z.string()",
  symbol: "take a text: z.string() or z.enum([…])",
  function: "take the name of one of the functions that the type knows: z.enum([…])",
  promise: "take the value itself",
  nan: "take z.number()",
  never: "remove it, or make it optional",
};

/**
 * The first required part that no parameters can fill: `"upload" is z.file(), …; take …`; null if
 * there is none. Options of a union and optional parts need not be filled.
 */
function whyNotSubmittable(schema: Schema): string | null {
  const seen = new Set<Schema>();
  const find = (part: Schema, place: string): string | null => {
    if (seen.has(part)) return null;
    seen.add(part);
    const { type } = defOf(part);
    const instead = INSTEAD[type];
    if (instead !== undefined) {
      const name = place === "" ? "the schema" : JSON.stringify(place.replace(/^\./, ""));
      return `${name} is z.${type}(), which parameters cannot hold; ${instead}`;
    }
    if (type === "union") return null;
    for (const [name, child] of Object.entries(namedChildren(part))) {
      // z.strictObject refuses other names by z.never().
      if (name === ".*" || (type === "optional" && defOf(child).type === "never")) continue;
      const found = find(child, place + name);
      if (found !== null) return found;
    }
    return null;
  };
  return find(schema, "");
}
