/**
 * Parsing parameters by a type's schema: by `prepareSubmission` when an operation is submitted, by each attempt anew.
 *
 * Schemas are the author's code: they may be async, and they may throw.
 */
import { z } from "zod";
import { type JsonSchema, objectShape } from "../../protocol/json-schema.js";
import { nearest } from "../../protocol/nearest.js";
import { inputSchema } from "./input-schema.js";
import { issueInWords, named } from "./issue-in-words.js";
import { MAX_PROBLEMS } from "./params-refusal.js";

/** Of an unknown name, in an error. */
const MOST_CHARACTERS = 200;

export type Parsed = { ok: true; value: unknown } | { ok: false; problems: string[]; nearest: string[] };

export async function parseParams(params: z.ZodType | null, input: Record<string, unknown>): Promise<Parsed> {
  if (params === null) return { ok: true, value: input };
  const unknown = unknownNames(inputSchema(params), input);
  if (unknown.problems.length > 0) return { ok: false, ...unknown };
  const parsed = await z.safeParseAsync(params, input, { error: issueInWords });
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = parsed.error.issues.map((issue, n) => (n < MAX_PROBLEMS ? inWords(issue) : ""));
  return { ok: false, problems, nearest: [] };
}

/** zod drops names that a schema does not have; a mistyped name must not be dropped in silence. */
function unknownNames(schema: JsonSchema | null, input: Record<string, unknown>) {
  const problems: string[] = [];
  const near = new Set<string>();
  const shape = schema === null ? null : objectShape(schema, schema);
  if (shape !== null && shape.rest === null) {
    for (const name of Object.keys(input)) {
      if (shape.properties.has(name)) continue;
      // Only counted: each search for near names takes time, and there may be as many as a body holds.
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
  const shown = name.length > MOST_CHARACTERS ? `${name.slice(0, MOST_CHARACTERS)}…` : name;
  return `there is no parameter ${JSON.stringify(shown)}${hint}`;
}

/** `server.port takes a number, not "x"`; an author's own message goes behind a colon. */
function inWords(issue: z.core.$ZodIssue): string {
  const path = issue.path.reduce<string>(
    (text, key) =>
      typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`,
    "",
  );
  return named(path, issue.message);
}
