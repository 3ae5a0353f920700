/** Reads what a request brings by its route's schemas. */
import type { FastifyRequest } from "fastify";
import type * as z from "zod/mini";
import { MAX_ENV, MAX_WORDS } from "../../protocol/limits.js";
import type { RouteName } from "../../protocol/paths.js";
import { ROUTES, type Route } from "../../protocol/routes.js";
import { inputProblem, type Where } from "./input-problem.js";

/** Keys of a body, known or not. */
const MAX_KEYS = 64;

export interface Input {
  params: unknown;
  query: unknown;
  body: unknown;
}

/** What it brings, or what is wrong with it in words. */
export function readInput(name: RouteName, request: FastifyRequest): Input | string {
  const route: Route = ROUTES[name];
  const { body = {} } = request;
  const read: Input = { params: undefined, query: undefined, body: undefined };
  return (
    take(read, "params", route.params, request.params, "path") ??
    take(read, "query", route.query, given(request.query), "query") ??
    tooMany(body) ??
    take(read, "body", route.body, body, "body") ??
    read
  );
}

/** `?state=` is as good as not given. */
function given(query: unknown): object {
  return Object.fromEntries(Object.entries(query as object).filter(([, value]) => value !== ""));
}

/**
 * What a body has too many of, in words. Counted before the schema reads the body: zod makes an issue of each wrong
 * key, and hundreds of thousands would hold up the daemon for seconds.
 */
function tooMany(body: unknown): string | null {
  if (Array.isArray(body)) {
    for (const each of body) {
      const problem = tooMany(each);
      if (problem !== null) return problem;
    }
    return null;
  }
  if (typeof body !== "object" || body === null) return null;
  const { env, set } = body as { env?: unknown; set?: unknown };
  const counts: Array<[what: string, count: number, most: number]> = [
    ["keys", Object.keys(body).length, MAX_KEYS],
    ["variables in env", isMap(env) ? Object.keys(env).length : 0, MAX_ENV],
    ["words in set", Array.isArray(set) ? set.length : 0, MAX_WORDS],
  ];
  for (const [what, count, most] of counts)
    if (count > most) return `the body has ${count} ${what}, at most ${most} are taken`;
  return null;
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Puts it into its place, or says what is wrong with it. */
function take(
  read: Input,
  place: keyof Input,
  schema: z.ZodMiniType | undefined,
  value: unknown,
  where: Where,
): string | null {
  if (!schema) return null;
  const parsed = schema.safeParse(value);
  if (!parsed.success) return inputProblem(schema, value, where);
  read[place] = parsed.data;
  return null;
}
