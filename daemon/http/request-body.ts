/** Reads the body of a request as JSON and limits it, or drains the body of a refused request. */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { finished } from "node:stream/promises";
import type { preValidationHookHandler } from "fastify";
import { Refusal } from "../../protocol/errors.js";
import { MAX_DEPTH, MAX_ENV, MAX_WORDS } from "../../protocol/limits.js";
import { isPlainObject } from "../../protocol/objects.js";
import { isDeeper, lossInText } from "../../protocol/text/json-loss.js";
import { badRequest } from "./input-problem.js";

/** Most keys in a body, known or not. */
const MAX_KEYS = 64;

/**
 * An absent body is `{}`. Keys are counted before the schema reads the body: zod makes an issue of
 * each wrong key, and hundreds of thousands would block the daemon for seconds.
 */
export const limitBody: preValidationHookHandler = (request, _reply, done) => {
  if (request.body === undefined) request.body = {};
  const problem = excess(request.body);
  if (problem === null) done();
  else done(badRequest(problem));
};

/** Says which items a body has too many of; null if it fits. */
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
    ["variables in env", isPlainObject(env) ? Object.keys(env).length : 0, MAX_ENV],
    ["words in set", Array.isArray(set) ? set.length : 0, MAX_WORDS],
  ];
  for (const [what, count, most] of counts)
    if (count > most) return `the body has ${count} ${what}, at most ${most} are allowed`;
  return null;
}

/**
 * @throws Refusal for a body that is not JSON, is too deep for recursive code, or would not be kept
 * exactly
 */
export function readBody(body: Buffer): unknown {
  if (body.length === 0) return {};
  if (!isUtf8(body))
    throw new Refusal("LIVEOPS_BAD_REQUEST", "the body is not valid UTF-8; send JSON in UTF-8");
  const text = body.toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Refusal(
      "LIVEOPS_BAD_REQUEST",
      `the body is not valid JSON: ${(error as Error).message}; send an object`,
    );
  }
  // Parameters may be MAX_DEPTH deep. They are one level down in a body, two in a batch.
  if (isDeeper(value, MAX_DEPTH + 2))
    throw new Refusal(
      "LIVEOPS_BAD_REQUEST",
      `the body is nested more than ${MAX_DEPTH} levels deep; put deep input into a file and pass its path`,
    );
  const loss = lossInText(text, value);
  if (loss !== null) {
    const code = IN_PARAMS.test(loss.path ?? "") ? "LIVEOPS_PARAMS_INVALID" : "LIVEOPS_BAD_REQUEST";
    throw new Refusal(code, `the body: ${loss.problem}`);
  }
  return value;
}

/** The path of a parameter in the body of a submit or of a batch. */
const IN_PARAMS = /^(\[\d+\]\.)?params\./;

/** Milliseconds to wait for the rest of a body. */
const MOST_MS = 2000;

/**
 * Reads and discards the rest of a body, so that its sender can read the answer: a connection that
 * is closed with unread bytes is reset, and the answer is lost.
 *
 * Resolves at the end of the body, or after `MOST_MS`.
 */
export async function drainBody(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  request.resume();
  await finished(request, { cleanup: true, signal: AbortSignal.timeout(MOST_MS) }).catch(() => {});
}
