/**
 * Says in plain words what a JSON Schema takes and why a value does not fit it. The config file,
 * the routes, the `name=value` arguments and the forms of the dashboard use these words. A keyword
 * that is unknown here passes: the daemon decides.
 */
import { isPlainObject } from "../objects.js";
import { nearest } from "../text/nearest.js";
import { branches, fixedValues, type JsonSchema, objectShape } from "./json-schema.js";
import { storedDate } from "./stored-date.js";

export interface Misfit {
  /** Follows the name of the value: `must be a whole number from 1 to 10`. */
  text: string;
  /** The part of the value that is wrong. */
  at: ReadonlyArray<string | number>;
  /** The key of that part is wrong. */
  ofKey?: boolean;
  /** What the whole value must be, where it has another type or form. */
  expected?: string;
}

/** Keywords of liveops beside those of JSON Schema. They are not published. */
export interface OwnKeywords {
  /** What the value must be, if the other keywords do not describe it well. */
  expected?: string;
  /** What the other keywords cannot check: why the value is wrong, or null. */
  check?: (value: never) => string | null;
}

/** Keyword of a schema whose type checks more than JSON Schema can say. */
export const CHECKS_MORE = "x-checks-more";

/** Characters of a text that is compared with a pattern: a form checks at each key press. */
const MATCHED_MOST = 200;

/** Whether a value that fits is sure to be taken. */
export function isSure(value: unknown, schema: JsonSchema, root: JsonSchema): boolean {
  const own = JSON.stringify(schema);
  const text = own.includes('"$ref"') ? JSON.stringify(root) : own;
  const isMore = root[CHECKS_MORE] === true || text.includes(`"${CHECKS_MORE}":true`);
  return !isMore && (typeof value !== "string" || value.length <= MATCHED_MOST);
}

const MOST_LEVELS = 8;

/** Why the value does not fit; null if it fits. */
export function misfitOf(
  value: unknown,
  schema: JsonSchema,
  root = schema,
  level = 0,
): Misfit | null {
  if (level > MOST_LEVELS) return null;
  let first: Misfit | null = null;
  for (const option of branches(schema, root)) {
    if (!hasType(value, option)) continue;
    const misfit = misfitOfBranch(value, option, root, level);
    if (misfit === null) return null;
    first ??= misfit;
  }
  return first ?? mustBe(value, schema, root);
}

function mustBe(value: unknown, schema: JsonSchema, root: JsonSchema): Misfit {
  const fixed = branches(schema, root).flatMap((option) => fixedValues(option) ?? []);
  const near = typeof value === "string" ? nearest(value, fixed.map(asTyped), 1)[0] : undefined;
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  const words = expected(schema, root);
  return { text: `must be ${words}${hint}`, at: [], expected: words };
}

function hasType(value: unknown, schema: JsonSchema): boolean {
  switch (schema.type) {
    case "string":
    case "boolean":
    case "number":
      return typeof value === schema.type;
    case "integer":
      return Number.isSafeInteger(value);
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isPlainObject(value);
    default: {
      const fixed = fixedValues(schema);
      return fixed === null || fixed.some((each) => typeof each === typeof value);
    }
  }
}

function misfitOfBranch(
  value: unknown,
  schema: JsonSchema,
  root: JsonSchema,
  level: number,
): Misfit | null {
  const fixed = fixedValues(schema);
  if (fixed !== null && !fixed.some((each) => same(each, value)))
    return mustBe(value, schema, root);
  const problem = sizeProblem(value, schema);
  if (problem !== null)
    return schema.expected === undefined ? { text: problem, at: [] } : mustBe(value, schema, root);
  if (typeof value === "string" && !matches(value, schema)) {
    const isNamed = schema.expected !== undefined || FORMATS[formatOf(schema)] !== undefined;
    return isNamed
      ? mustBe(value, schema, root)
      : { text: "does not match the required pattern", at: [] };
  }
  const text = (schema as OwnKeywords).check?.(value as never) ?? null;
  if (text !== null) return { text, at: [] };
  for (const part of (schema.allOf ?? []) as JsonSchema[]) {
    const misfit = isPlainObject(value) ? null : misfitOf(value, part, root, level + 1);
    if (misfit !== null) return misfit;
  }
  if (Array.isArray(value)) return misfitOfItem(value, schema, root, level);
  return isPlainObject(value) ? misfitOfMember(value, schema, root, level) : null;
}

function numberAt(schema: JsonSchema, keyword: string): number | null {
  const value = schema[keyword];
  // zod writes the bounds of a safe integer.
  return typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : null;
}

function isInBounds(value: unknown, schema: JsonSchema): boolean {
  const within = (amount: number, least: string, most: string) =>
    amount >= (numberAt(schema, least) ?? -Infinity) &&
    amount <= (numberAt(schema, most) ?? Infinity);
  if (typeof value === "string") return within([...value].length, "minLength", "maxLength");
  if (Array.isArray(value)) return within(value.length, "minItems", "maxItems");
  if (typeof value !== "number") return true;
  const step = numberAt(schema, "multipleOf") ?? 0;
  return (
    within(value, "minimum", "maximum") &&
    value > (numberAt(schema, "exclusiveMinimum") ?? -Infinity) &&
    value < (numberAt(schema, "exclusiveMaximum") ?? Infinity) &&
    (step <= 0 || isMultiple(value, step))
  );
}

/** In decimals, as it was written: 0.3 is three times 0.1. */
function isMultiple(value: number, step: number): boolean {
  const decimals = (of: number) => String(of).split(".")[1]?.length ?? 0;
  const scale = 10 ** Math.max(decimals(value), decimals(step));
  return Math.round(value * scale) % Math.round(step * scale) === 0;
}

/** What is wrong with the size of a value of the right type; null if nothing is. */
function sizeProblem(value: unknown, schema: JsonSchema): string | null {
  if (isInBounds(value, schema)) return null;
  if (value === "" && schema.minLength === 1) return "must not be empty";
  if (typeof value === "string") return `must have ${sizeInWords(schema, "Length", "character")}`;
  if (Array.isArray(value)) return `must have ${sizeInWords(schema, "Items", "item")}`;
  return `must be ${[stepInWords(schema), boundsOf(schema)].filter(Boolean).join(", ")}`;
}

/** A date in parameters has no pattern: it may be with a time or without one. */
const formatOf = ({ format, pattern }: JsonSchema): string =>
  format === "date-time" && pattern === undefined ? "stored date" : String(format);

/** Formats that no pattern describes. */
const WITHOUT_PATTERN: Record<string, (text: string) => boolean> = {
  "stored date": (text) => storedDate(text) !== null,
  uri: URL.canParse,
};

/** A pattern of another dialect matches everything, and so does a long text. */
function matches(value: string, schema: JsonSchema): boolean {
  const { pattern } = schema;
  if (value.length > MATCHED_MOST) return true;
  if (typeof pattern !== "string") return WITHOUT_PATTERN[formatOf(schema)]?.(value) ?? true;
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}

function misfitOfItem(
  value: unknown[],
  schema: JsonSchema,
  root: JsonSchema,
  level: number,
): Misfit | null {
  const first = (schema.prefixItems ?? []) as JsonSchema[];
  for (const [i, item] of value.entries()) {
    const inner = first[i] ?? schema.items;
    const misfit = isPlainObject(inner) ? misfitOf(item, inner, root, level + 1) : null;
    if (misfit !== null)
      return { ...misfit, text: `item ${i + 1} ${misfit.text}`, at: [i, ...misfit.at] };
  }
  return null;
}

function misfitOfMember(
  value: Record<string, unknown>,
  schema: JsonSchema,
  root: JsonSchema,
  level: number,
): Misfit | null {
  const shape = objectShape(schema, root);
  if (shape === null) return null;
  for (const name of shape.required)
    if (!Object.hasOwn(value, name)) return { text: `needs ${name}`, at: [] };
  for (const [name, member] of Object.entries(value)) {
    const names = schema.propertyNames as JsonSchema | undefined;
    const ofName =
      names === undefined ? null : misfitOf(name, { type: "string", ...names }, root, level + 1);
    if (ofName !== null)
      return { text: `${JSON.stringify(name)} ${ofName.text}`, at: [name], ofKey: true };
    const inner =
      shape.properties.get(name) ??
      (schema.additionalProperties === false ? null : (shape.rest ?? {}));
    if (inner === null)
      return { text: unknownName(name, shape.properties.keys()), at: [name], ofKey: true };
    const misfit = misfitOf(member, inner, root, level + 1);
    if (misfit !== null)
      return { ...misfit, text: `${name} ${misfit.text}`, at: [name, ...misfit.at] };
  }
  return null;
}

/** `has no "conc"; did you mean concurrency?` */
export function unknownName(name: string, names: Iterable<string>): string {
  const known = [...names];
  const [near] = nearest(name, known);
  const hint = near
    ? `did you mean ${near}?`
    : `it takes ${known.length === 0 ? "none" : known.join(", ")}`;
  return `has no ${JSON.stringify(name)}; ${hint}`;
}

/** What a schema takes: `a whole number from 1 to 10`, `one of fast, slow`, `text or null`. */
export function expected(schema: JsonSchema, root = schema, level = 0): string {
  if (typeof schema.expected === "string") return schema.expected;
  const options = branches(schema, root);
  const fixed = options.flatMap((option) => fixedValues(option) ?? []).map(asTyped);
  const words = options
    .filter((option) => fixedValues(option) === null)
    .map((option) => branchInWords(option, root, level));
  const choice = fixed.length > 1 ? `one of ${fixed.join(", ")}` : fixed.join();
  return [...new Set([choice, ...words])].filter(Boolean).join(" or ");
}

/** Texts of a certain form. */
const FORMATS: Record<string, string> = {
  "stored date": "a date, like 2026-11-25 or 2026-11-25T08:30:00Z",
  uri: "an address, such as https://example.com",
  "date-time": "a date and time, such as 2026-11-25T08:30:00Z",
  date: "a date, such as 2026-11-25",
  time: "a time, such as 08:30:00",
  bigint: "a whole number",
};

function branchInWords(schema: JsonSchema, root: JsonSchema, level: number): string {
  if (typeof schema.expected === "string") return schema.expected;
  switch (schema.type) {
    case "string": {
      const form = FORMATS[formatOf(schema)];
      if (form !== undefined) return form;
      const size = sizeInWords(schema, "Length", "character");
      return size === "at least 1 character" ? "text that is not empty" : withSize("text", size);
    }
    case "boolean":
      return "true or false";
    case "number":
    case "integer":
      return numberInWords(schema);
    case "array": {
      const { items } = schema;
      const list = withSize("a list", sizeInWords(schema, "Items", "item"));
      if (level > 3 || !isPlainObject(items)) return list;
      if (Array.isArray(items.prefixItems)) return `${list} of pairs`;
      const inner = expected(items, root, level + 1);
      return inner === ANY ? list : `${list} in which each item is ${inner}`;
    }
    case "object":
      return "an object";
    case "null":
      return "null";
    default:
      return schema.allOf ? "an object" : ANY;
  }
}

const ANY = "any value";

function numberInWords(schema: JsonSchema): string {
  const kind = stepInWords(schema) || (schema.type === "integer" ? "a whole number" : "a number");
  const bounds = boundsOf(schema);
  return bounds.startsWith("at ") ? `${kind} of ${bounds}` : `${kind} ${bounds}`.trimEnd();
}

export function stepInWords(schema: JsonSchema): string {
  const step = numberAt(schema, "multipleOf");
  return step === null ? "" : `a multiple of ${step}`;
}

function boundsOf(schema: JsonSchema): string {
  return boundsInWords(schema).join(" and ");
}

/** `from 1 to 10`, `at least 1`, `above 0` */
export function boundsInWords(schema: JsonSchema): string[] {
  const [least, most] = [numberAt(schema, "minimum"), numberAt(schema, "maximum")];
  const [above, below] = [
    numberAt(schema, "exclusiveMinimum"),
    numberAt(schema, "exclusiveMaximum"),
  ];
  const closed =
    least !== null && most !== null
      ? [`from ${least} to ${most}`]
      : [least === null ? "" : `at least ${least}`, most === null ? "" : `at most ${most}`];
  const open = [above === null ? "" : `above ${above}`, below === null ? "" : `below ${below}`];
  return [...closed, ...open].filter(Boolean);
}

/** `1 to 3 items`, `at most 200 characters` */
export function sizeInWords(schema: JsonSchema, of: "Length" | "Items", unit: string): string {
  const [least, most] = [numberAt(schema, `min${of}`), numberAt(schema, `max${of}`)];
  const count = (n: number) => `${n} ${unit}${n === 1 ? "" : "s"}`;
  if (least && most !== null) return least === most ? count(least) : `${least} to ${count(most)}`;
  if (least) return `at least ${count(least)}`;
  return most === null ? "" : `at most ${count(most)}`;
}

const withSize = (what: string, size: string) => (size === "" ? what : `${what} of ${size}`);

/** A fixed value as people type it. */
export function asTyped(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === "object" && JSON.stringify(a) === JSON.stringify(b));
}
