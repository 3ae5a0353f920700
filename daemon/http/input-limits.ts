/** Hooks that prepare a query and a body before the schemas of the route validate them. */
import type { preValidationHookHandler } from "fastify";
import { Refusal } from "../../protocol/errors.js";
import { MAX_ENV, MAX_WORDS } from "../../protocol/limits.js";

/** Keys of a body, known or not. */
const MAX_KEYS = 64;

/** `?state=` is as good as not given. */
export const dropEmptyParameters: preValidationHookHandler = (request, _reply, done) => {
  const query = request.query as Record<string, unknown>;
  for (const name of Object.keys(query)) if (query[name] === "") delete query[name];
  done();
};

/**
 * An absent body is `{}`. Keys are counted before the schema reads the body: zod makes an issue of each wrong key, and
 * hundreds of thousands would hold up the daemon for seconds.
 */
export const limitBody: preValidationHookHandler = (request, _reply, done) => {
  if (request.body === undefined) request.body = {};
  const problem = excess(request.body);
  if (problem === null) done();
  else done(badRequest(problem));
};

/** @param problem what does not fit, in words */
export function badRequest(problem: string): Refusal {
  return new Refusal("LIVEOPS_BAD_REQUEST", `${problem}; GET /openapi.json describes every route`);
}

/** What a body has too many of, in words; null where it fits. */
function excess(body: unknown): string | null {
  if (Array.isArray(body)) {
    for (const each of body) {
      const problem = excess(each);
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
