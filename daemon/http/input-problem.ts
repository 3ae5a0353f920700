/**
 * Describes what is wrong with a request's path, query or body: the field, the values it takes, the
 * value it was given.
 */
import * as z from "zod/mini";
import { Refusal } from "../../protocol/errors.js";
import type { JsonSchema } from "../../protocol/schema/json-schema.js";
import { expected, unknownName } from "../../protocol/schema/misfit.js";
import { summarizeValue } from "../../protocol/text/summarize-value.js";

type Where = "path" | "query" | "body";

/** Characters of an unknown name that are shown. */
const MOST_SHOWN = 60;

/**
 * Problems that are named; the others are only counted, since a body may hold hundreds of
 * thousands.
 */
const MOST_NAMED = 10;

/** Empty if the value fits. */
export function inputProblem(schema: z.ZodMiniType, value: unknown, where: Where): string {
  const form = formOf(schema, value);
  const issues = form.safeParse(value).error?.issues ?? [];
  const root = z.toJSONSchema(form, { io: "input", unrepresentable: "any" }) as JsonSchema;
  const problems = issues.slice(0, MOST_NAMED).map((issue) => {
    const { path } = issue;
    if (issue.code === "unrecognized_keys") {
      const named = issue.keys.slice(0, MOST_NAMED);
      const words = named.map((key) => unknownKey(key, below(root, path), where, path));
      return [...words, ...others(issue.keys.length)].join("; ");
    }
    if (path.length === 0)
      return `the ${where} takes ${wholeInWords(schema, value, root)}, not ${summarizeValue(value)}`;
    return where === "query"
      ? queryProblem(path, value, root)
      : fieldProblem(issue, value, root, where);
  });
  return [...new Set(problems), ...others(issues.length)].join("; ");
}

function others(count: number): string[] {
  return count > MOST_NAMED ? [`and ${count - MOST_NAMED} more problems`] : [];
}

/**
 * The schema for an object or for an array, whichever the body is: the problems then refer to that
 * form only.
 */
function formOf(schema: z.ZodMiniType, value: unknown): z.ZodMiniType {
  if (!(schema instanceof z.ZodMiniUnion)) return schema;
  const forms = schema.def.options as z.ZodMiniType[];
  return forms.find((form) => form instanceof z.ZodMiniArray === Array.isArray(value)) ?? schema;
}

/** Shows a query parameter as it was typed, also if it is a list. */
function queryProblem([name]: PropertyKey[], value: unknown, root: JsonSchema): string {
  const field = `the query's ${String(name)}`;
  const given = (value as Record<PropertyKey, unknown>)[name!];
  if (Array.isArray(given)) return `${field} is given ${given.length} times; give it once`;
  return `${field} takes ${inQuery(below(root, [name!]))}, not ${summarizeValue(given)}`;
}

function fieldProblem(
  issue: z.core.$ZodIssue,
  value: unknown,
  root: JsonSchema,
  where: Where,
): string {
  const { path } = issue;
  const field = fieldOf(where, path);
  // The schema has its own messages for these two.
  if (issue.code === "invalid_key") return `${field}: ${issue.issues[0]?.message}`;
  if (issue.code === "invalid_format") return `${field} ${issue.message}`;
  const given = path.reduce<unknown>((it, key) => (it as Record<PropertyKey, unknown>)[key], value);
  const takes = expected(below(root, path));
  return given === undefined
    ? `${field} is missing; it takes ${takes}`
    : `${field} takes ${takes}, not ${summarizeValue(given)}`;
}

function unknownKey(key: string, schema: JsonSchema, where: Where, path: PropertyKey[]): string {
  return `${fieldOf(where, path)} ${unknownName(key.slice(0, MOST_SHOWN), Object.keys(schema.properties ?? {}))}`;
}

/** `the body's env.PATH`, `the body's [3].set[0]`, `the body` */
function fieldOf(where: Where, path: PropertyKey[]): string {
  const place = path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("");
  return place === "" ? `the ${where}` : `the ${where}'s ${place.replace(/^\./, "")}`;
}

function below(root: JsonSchema, path: PropertyKey[]): JsonSchema {
  return path.reduce<JsonSchema>((schema, key) => {
    const named = (schema.properties as Record<PropertyKey, JsonSchema> | undefined)?.[key];
    return (
      named ??
      ((typeof key === "number" ? schema.items : schema.additionalProperties) as JsonSchema) ??
      {}
    );
  }, root);
}

function wholeInWords(schema: z.ZodMiniType, value: unknown, root: JsonSchema): string {
  if (Array.isArray(value) && root.type === "array")
    return `a list of ${root.minItems} to ${root.maxItems}`;
  return schema instanceof z.ZodMiniUnion ? "a JSON object, or a list of them" : "a JSON object";
}

function inQuery(schema: JsonSchema): string {
  if (schema.type === "boolean") return "true or false (1 or 0)";
  const { enum: words } = (schema.items ?? {}) as JsonSchema;
  return Array.isArray(words)
    ? `any of ${words.join(", ")}, separated by commas`
    : expected(schema);
}

/** @param problem a description of what does not fit */
export function badRequest(problem: string): Refusal {
  return new Refusal("LIVEOPS_BAD_REQUEST", `${problem}; docs/protocol.md describes every route`);
}
