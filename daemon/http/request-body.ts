/** Reads the body of a request as JSON, or drains the body of a refused request. */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { Refusal } from "../../protocol/errors.js";
import { MAX_DEPTH } from "../../protocol/limits.js";
import { isDeeper, lossInText } from "../../protocol/text/json-loss.js";

/** @throws Refusal for a body that is not JSON, is too deep for recursive code, or would not be kept exactly */
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
 * Reads and discards the rest of a body, so that its sender can read the answer: a connection that is closed with
 * unread bytes is reset, and the answer is lost.
 *
 * Resolves at the end of the body, or after `MOST_MS`.
 */
export function drainBody(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, MOST_MS);
    function done(): void {
      clearTimeout(timer);
      for (const event of ["end", "close", "error"]) request.off(event, done);
      resolve();
    }
    for (const event of ["end", "close", "error"]) request.on(event, done);
    request.resume();
  });
}
