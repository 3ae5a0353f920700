/** A type as `GET /v1/ops` lists it. Called by the loader process and by `liveops run`. */
import type { OperationType } from "../../protocol/routes.js";
import { inputSchema } from "./input-schema.js";
import { type OperationCtor, readType, TypeFault } from "./read-type.js";

/** @throws TypeFault for wrong statics, a schema included that JSON Schema cannot describe */
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
