/**
 * Parses parameters with a type's schema, at the submit and again in each attempt. Also words the
 * errors of zod.
 *
 * Schemas are the author's code: they may be async, and they may throw.
 */
import { z } from "zod";
import { Refusal } from "../../protocol/errors.js";
import { type JsonSchema, objectShape } from "../../protocol/schema/json-schema.js";
import { expected } from "../../protocol/schema/misfit.js";
import { renderParameters } from "../../protocol/schema/parameters.js";
import { nearest } from "../../protocol/text/nearest.js";
import { summarizeValue } from "../../protocol/text/summarize-value.js";
import { inputSchema } from "./describe-type.js";
import { fromStored } from "./stored-values.js";

/**
 * Marks a message of liveops, which follows the parameter's name without a colon. Any other message
 * is the author's.
 */
const OURS = "\0";
/** Marks a message of zod, which follows a colon. */
const ZODS = "\0\0";

/** Most names in a message, and most characters of each. */
const MOST_NAMES = 10;
const MOST_CHARACTERS = 60;

/** The JSON Schema of each type that zod asks for. */
const TYPES: Record<string, JsonSchema> = {
  ...Object.fromEntries(
    ["string", "number", "boolean", "array", "object", "null"].map((type) => [type, { type }]),
  ),
  int: { type: "integer" },
  record: { type: "object" },
  set: { type: "array" },
  date: { type: "string", format: "date-time" },
  bigint: { expected: "the digits of a whole number" },
  map: { expected: 'a list of pairs, like [["name", 1]]' },
};

/**
 * Zod's error map for one parse: the words of `misfit.ts`. A message of the author's schema has
 * precedence.
 */
function issueInWords(issue: z.core.$ZodRawIssue): string | undefined {
  const text = words(issue);
  if (text !== undefined) return OURS + text;
  const { customError, localeError } = z.config();
  if (customError?.(issue)) return undefined;
  const zods = localeError?.(issue);
  const message = typeof zods === "string" ? zods : zods?.message;
  return message === undefined
    ? undefined
    : ZODS + message.charAt(0).toLowerCase() + message.slice(1);
}

/** The message after the name of its parameter; an empty name stands for all parameters. */
function named(name: string, message: string): string {
  const mark = [ZODS, OURS].find((each) => message.startsWith(each)) ?? "";
  const text = message.slice(mark.length);
  return name === "" ? text : `${name}${mark === OURS ? "" : ":"} ${text}`;
}

function words(issue: z.core.$ZodRawIssue): string | undefined {
  const { input } = issue;
  switch (issue.code) {
    case "invalid_type": {
      if (input === undefined) return "is required";
      const type = TYPES[issue.expected as string];
      return type && `takes ${expected(type)}, not ${summarizeValue(input)}`;
    }
    case "too_small":
      return bound(issue.origin, issue.minimum, issue.inclusive ? "at least" : "more than", input);
    case "too_big":
      return bound(issue.origin, issue.maximum, issue.inclusive ? "at most" : "less than", input);
    case "not_multiple_of":
      return `takes a multiple of ${issue.divisor}, not ${summarizeValue(input)}`;
    case "invalid_value":
      return `takes ${expected({ enum: issue.values.map(String) })}, not ${summarizeValue(input)}`;
    case "unrecognized_keys":
      return `has no ${namesShown(issue.keys)}`;
    default:
      return undefined;
  }
}

/** The first names, and the number of the others. */
function namesShown(names: readonly string[]): string {
  const first = names
    .slice(0, MOST_NAMES)
    .map((name) => JSON.stringify(name.slice(0, MOST_CHARACTERS)));
  const others = names.length - first.length;
  return first.join(", ") + (others > 0 ? ` and ${others} more` : "");
}

function bound(origin: string, limit: unknown, how: string, input: unknown): string | undefined {
  const count = (one: string) => `takes ${how} ${limit} ${one}${Number(limit) === 1 ? "" : "s"}`;
  if (origin === "number" || origin === "int")
    return `takes ${how} ${limit}, not ${summarizeValue(input)}`;
  if (origin === "string") return count("character");
  if (origin === "array" || origin === "set") return count("item");
  if (origin === "map") return count("pair");
  if (origin === "bigint") return `takes ${how} ${limit}, not ${input}`;
  if (origin === "date" && input instanceof Date)
    return `takes a date of ${how} ${new Date(Number(limit)).toISOString()}, not ${input.toISOString()}`;
  return undefined;
}

/** Problems that a refusal lists; the others are only counted. */
export const MAX_PROBLEMS = 20;

export function paramsRefusal(
  problems: string[],
  schema: JsonSchema | null,
  near: string[] = [],
): Refusal {
  return new Refusal(
    "LIVEOPS_PARAMS_INVALID",
    paramsDetail(problems, schema),
    near.length > 0 ? { nearest: near } : {},
  );
}

/** A problem with its place: `nightly.yaml:3:5: …`. */
const IN_FILE = /^.+:\d+:\d+: /;

export function paramsDetail(problems: string[], schema: JsonSchema | null): string {
  const others = problems.length - MAX_PROBLEMS;
  const lines = [...problems.slice(0, MAX_PROBLEMS), ...(others > 0 ? [`and ${others} more`] : [])];
  // What is wrong in a pipeline file is about no parameter of the type that runs it.
  if (!problems.every((problem) => IN_FILE.test(problem)))
    lines.push("Parameters:", ...renderParameters(schema).map((line) => `  ${line}`));
  return lines.join("\n");
}

/** Characters of an unknown name in an error. */
const MOST_NAME_CHARACTERS = 200;

type Parsed = { ok: true; value: unknown } | { ok: false; problems: string[]; nearest: string[] };

export async function parseParams(
  params: z.ZodType | null,
  input: Record<string, unknown>,
): Promise<Parsed> {
  if (params === null) return { ok: true, value: input };
  const unknown = unknownNames(inputSchema(params), input);
  if (unknown.problems.length > 0) return { ok: false, ...unknown };
  const parsed = await z.safeParseAsync(params, fromStored(params, input), { error: issueInWords });
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = parsed.error.issues.map((issue, n) => (n < MAX_PROBLEMS ? inWords(issue) : ""));
  return { ok: false, problems, nearest: [] };
}

/**
 * Finds names that the schema does not have. zod drops them silently, which would hide a mistyped
 * name.
 */
function unknownNames(schema: JsonSchema | null, input: Record<string, unknown>) {
  const problems: string[] = [];
  const near = new Set<string>();
  const shape = schema === null ? null : objectShape(schema, schema);
  if (shape !== null && shape.rest === null) {
    for (const name of Object.keys(input)) {
      if (shape.properties.has(name)) continue;
      // Only counted, because a body may hold many names and each search for near names takes time.
      if (problems.length >= MAX_PROBLEMS) {
        problems.push("");
        continue;
      }
      const meant = nearest(name, shape.properties.keys());
      for (const each of meant) near.add(each);
      problems.push(noSuchParameter(name, meant));
    }
  }
  return { problems, nearest: [...near] };
}

export function noSuchParameter(name: string, meant: readonly string[]): string {
  const hint = meant.length === 0 ? "" : `. Did you mean ${meant.join(" or ")}?`;
  const shown =
    name.length > MOST_NAME_CHARACTERS ? `${name.slice(0, MOST_NAME_CHARACTERS)}…` : name;
  return `there is no parameter ${JSON.stringify(shown)}${hint}`;
}

/** `server.port takes a number, not "x"`; an author's own message follows a colon. */
function inWords(issue: z.core.$ZodIssue): string {
  const path = issue.path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
  return named(path, issue.message);
}
