import type { JsonSchema } from "../../protocol/json-schema.js";
export function readWords(
  _schema: JsonSchema | null,
  base: Record<string, unknown> | undefined,
  _words: string[],
): Record<string, unknown> {
  return { ...base };
}
