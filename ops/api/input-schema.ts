/** The JSON Schema of what a type takes: what words are read against and `liveops ops` shows. Null: unchecked. */
import { z } from "zod";
import type { JsonSchema } from "../../protocol/json-schema.js";

const made = new WeakMap<z.ZodType, JsonSchema>();

export function inputSchema(params: z.ZodType | null): JsonSchema | null {
  if (params === null) return null;
  const known = made.get(params);
  if (known !== undefined) return known;
  const schema = z.toJSONSchema(params, { io: "input", unrepresentable: "any" });
  const plain = JSON.parse(JSON.stringify(schema)) as JsonSchema;
  made.set(params, plain);
  return plain;
}
