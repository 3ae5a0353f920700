/** A form's values as the words of a shell, `name=value`, that the daemon reads to the very same values. */
import { branches, type JsonSchema } from "../../../protocol/json-schema.js";

/** The words for a value; null where no word can name the parameter. */
export function wordsFor(
  name: string,
  value: unknown,
  schema: JsonSchema,
  root: JsonSchema,
): string[] | null {
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}_-]*$/u.test(name)) return null;
  const exact = [`${name}:=${JSON.stringify(value)}`];
  const wanted = branches(schema, root);
  const only = (...types: string[]) => wanted.every(({ type }) => types.includes(type as string));
  if (typeof value === "string") return only("string") ? [`${name}=${value}`] : exact;
  if (typeof value === "number") {
    // A bare word of so many digits is refused: it may not be what was meant.
    const isPlain = Number.isSafeInteger(value) || !Number.isInteger(value);
    return isPlain && only("number", "integer", "null") ? [`${name}=${JSON.stringify(value)}`] : exact;
  }
  if (typeof value === "boolean") return only("boolean", "null") ? [`${name}=${value}`] : exact;
  if (Array.isArray(value) && value.length > 0 && only("array")) {
    const texts = value.every((item) => typeof item === "string" && !/^\s*\[/.test(item));
    const items = wanted.map(({ items }) => items as JsonSchema | undefined);
    if (texts && items.every((item) => item !== undefined && plainText(item, root)))
      return value.map((item) => `${name}=${item}`);
  }
  return exact;
}

function plainText(schema: JsonSchema, root: JsonSchema): boolean {
  return branches(schema, root).every(({ type }) => type === "string");
}
