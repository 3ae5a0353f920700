/** Names and values of parameters, from the JSON Schema of an operation type. */
import { getOwn } from "../../../protocol/get-own.js";
import { isPlainObject } from "../../../protocol/is-plain-object.js";
import type { Candidate } from "./shells.js";

type Schema = Record<string, unknown>;

/** References and alternatives that are followed at most. */
const DEEPEST = 8;

/** `name=` for each parameter that is not given. */
export function parameterNames(params: Schema | null, given: ReadonlySet<string>): Candidate[] {
  return Object.entries(propertiesOf(params))
    .filter(([name]) => !given.has(name))
    .map(([name, schema]) => ({ word: `${name}=`, description: description(schema) }));
}

/** `name=value` for a parameter with a fixed number of values. */
export function parameterValues(params: Schema | null, name: string): Candidate[] {
  const schema = getOwn(propertiesOf(params), name);
  if (!isSchema(schema)) return [];
  const values = new Set(valuesOf(schema, params ?? {}, 0));
  return [...values].map((value) => ({
    word: `${name}=${value}`,
    description: String(schema.default ?? "") === value ? "default" : "",
  }));
}

function propertiesOf(params: Schema | null): Schema {
  return isSchema(params?.properties) ? params.properties : {};
}

function description(schema: unknown): string {
  if (!isSchema(schema)) return "";
  if (typeof schema.description === "string") return schema.description;
  return typeof schema.type === "string" ? schema.type : "";
}

function valuesOf(schema: Schema, root: Schema, depth: number): string[] {
  if (depth > DEEPEST) return [];
  const target = typeof schema.$ref === "string" ? resolve(schema.$ref, root) : undefined;
  if (target) return valuesOf(target, root, depth + 1);
  if (Array.isArray(schema.enum)) return schema.enum.map(String);
  if ("const" in schema) return [String(schema.const)];
  if (schema.type === "boolean") return ["true", "false"];
  const alternatives = [schema.anyOf, schema.oneOf].flatMap((each) => (Array.isArray(each) ? each : []));
  return alternatives.filter(isSchema).flatMap((each) => valuesOf(each, root, depth + 1));
}

/** A reference within the schema: `#/$defs/Name`. */
function resolve(reference: string, root: Schema): Schema | undefined {
  let at: unknown = root;
  for (const key of reference.split("/").slice(1)) at = isSchema(at) ? getOwn(at, key) : undefined;
  return isSchema(at) ? at : undefined;
}

function isSchema(value: unknown): value is Schema {
  return isPlainObject(value);
}
