/**
 * Whether a value fits a JSON Schema, as far as a form needs it: types, fixed values, bounds, required names. What it
 * does not know it lets pass; the daemon has the last word.
 */
import { isPlainObject } from "../../../protocol/is-plain-object.js";
import { branches, fixedValues, type JsonSchema, objectShape } from "../../../protocol/json-schema.js";
import { typeInWords } from "../../../protocol/parameters.js";
import { nearest } from "../../../protocol/text/nearest.js";

/** What is wrong with the value, in a few words; null where nothing is. */
export function problemOf(value: unknown, schema: JsonSchema, root: JsonSchema, depth = 0): string | null {
  if (depth > 8) return null;
  const options = branches(schema, root);
  const problems: string[] = [];
  for (const option of options) {
    if (!hasType(value, option)) continue;
    const problem = branchProblem(value, option, root, depth);
    if (problem === null) return null;
    problems.push(problem);
  }
  return problems[0] ?? wrongType(value, schema, root, options);
}

function wrongType(value: unknown, schema: JsonSchema, root: JsonSchema, options: JsonSchema[]): string {
  const fixed = options.flatMap((option) => fixedValues(option) ?? []).map(String);
  const near = typeof value === "string" ? nearest(value, fixed, 1)[0] : undefined;
  return `must be ${typeInWords(schema, root)}${near === undefined ? "" : `: ${near}?`}`;
}

function hasType(value: unknown, { type }: JsonSchema): boolean {
  switch (type) {
    case "string":
    case "boolean":
      return typeof value === type;
    case "number":
      return typeof value === "number";
    case "integer":
      return Number.isInteger(value);
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isPlainObject(value);
    default:
      return true;
  }
}

function branchProblem(value: unknown, schema: JsonSchema, root: JsonSchema, depth: number): string | null {
  const fixed = fixedValues(schema);
  if (fixed !== null && !fixed.some((allowed) => same(allowed, value)))
    return wrongType(value, schema, root, [schema]);
  if (typeof value === "number") return numberProblem(value, schema);
  if (typeof value === "string") return textProblem(value, schema);
  if (Array.isArray(value)) return listProblem(value, schema, root, depth);
  return typeof value === "object" && value !== null ? objectProblem(value, schema, root, depth) : null;
}

const bound = (schema: JsonSchema, word: string): number | null =>
  typeof schema[word] === "number" ? schema[word] : null;

function numberProblem(value: number, schema: JsonSchema): string | null {
  const [least, most] = [bound(schema, "minimum"), bound(schema, "maximum")];
  const [above, below] = [bound(schema, "exclusiveMinimum"), bound(schema, "exclusiveMaximum")];
  const step = bound(schema, "multipleOf");
  if (least !== null && value < least) return `must be at least ${least}`;
  if (most !== null && value > most) return `must be at most ${most}`;
  if (above !== null && value <= above) return `must be above ${above}`;
  if (below !== null && value >= below) return `must be below ${below}`;
  if (step !== null && step > 0 && !Number.isInteger(value / step)) return `must be a multiple of ${step}`;
  return null;
}

function textProblem(value: string, schema: JsonSchema): string | null {
  const [least, most] = [bound(schema, "minLength"), bound(schema, "maxLength")];
  const length = [...value].length;
  if (least !== null && length < least)
    return least === 1 ? "must not be empty" : `needs ${least} characters or more`;
  if (most !== null && length > most) return `may have ${most} characters at most`;
  return typeof schema.pattern === "string" && !fits(value, schema.pattern)
    ? "has not the form asked for"
    : null;
}

/** A pattern that is none here, or a text too long for one, passes: the daemon decides. */
function fits(value: string, pattern: string): boolean {
  if (value.length > 200) return true;
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}

function listProblem(value: unknown[], schema: JsonSchema, root: JsonSchema, depth: number): string | null {
  const [least, most] = [bound(schema, "minItems"), bound(schema, "maxItems")];
  if (least !== null && value.length < least) return `needs ${least} or more`;
  if (most !== null && value.length > most) return `may have ${most} at most`;
  const { items } = schema;
  if (typeof items !== "object" || items === null || Array.isArray(schema.prefixItems)) return null;
  for (const [i, item] of value.entries()) {
    const problem = problemOf(item, items as JsonSchema, root, depth + 1);
    if (problem !== null) return `item ${i + 1} ${problem}`;
  }
  return null;
}

function objectProblem(value: object, schema: JsonSchema, root: JsonSchema, depth: number): string | null {
  const shape = objectShape(schema, root);
  if (shape === null) return null;
  for (const name of shape.required) if (!Object.hasOwn(value, name)) return `needs ${name}`;
  for (const [name, held] of Object.entries(value)) {
    const inner =
      shape.properties.get(name) ?? (schema.additionalProperties === false ? null : (shape.rest ?? {}));
    if (inner === null) return `has no ${name}`;
    const problem = problemOf(held, inner, root, depth + 1);
    if (problem !== null) return `${name} ${problem}`;
  }
  return null;
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === "object" && JSON.stringify(a) === JSON.stringify(b));
}
