/** Describes a type for `GET /v1/ops`. Called by the loader process and by `liveops run`. */
import { z } from "zod";
import type { JsonSchema } from "../../protocol/json-schema.js";
import type { OperationType } from "../../protocol/replies.js";
import { type OperationCtor, readType, TypeFault } from "./read-type.js";

const made = new WeakMap<z.ZodType, JsonSchema>();

/** The JSON Schema of a type's parameters, for `name=value` arguments and `liveops ops`. Null: unchecked. */
export function inputSchema(params: z.ZodType | null): JsonSchema | null {
  if (params === null) return null;
  const known = made.get(params);
  if (known !== undefined) return known;
  const schema = z.toJSONSchema(params, { io: "input", unrepresentable: "any" });
  const plain = JSON.parse(JSON.stringify(schema)) as JsonSchema;
  made.set(params, plain);
  return plain;
}

/** @throws TypeFault for invalid statics, or a schema that JSON Schema cannot describe */
export function describeType(Type: OperationCtor, file: string): OperationType {
  const { op, title, stages, resumable, timeout, gracePeriod, retry, limits, params } = readType(Type);
  return {
    op,
    title,
    stages: typeof stages === "function" ? null : [...stages],
    resumable,
    timeout,
    gracePeriod,
    retry,
    ...limits,
    file,
    params: schemaOf(Type, params),
  };
}

function schemaOf(Type: OperationCtor, params: Parameters<typeof inputSchema>[0]): OperationType["params"] {
  try {
    return inputSchema(params);
  } catch (error) {
    throw new TypeFault(`class ${Type.name}: static params cannot be described: ${(error as Error).message}`);
  }
}
