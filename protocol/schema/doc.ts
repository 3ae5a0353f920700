import type * as z from "zod/mini";
import { describe } from "zod/mini";

/**
 * The schema with a description, for `openapi.json`, docs/protocol.md and the messages about a
 * request.
 */
export function doc<S extends z.ZodMiniType>(schema: S, text: string): S {
  return schema.check(describe(text));
}
