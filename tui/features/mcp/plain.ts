/**
 * Makes values safe and short for an agent. Text of operations is untrusted: it may hold colours,
 * control characters and invisible letters, which could hide instructions.
 */

import type { Operation } from "../../../protocol/operation.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { withoutSequences } from "../../../protocol/text/sgr.js";

/** Most characters of one reply, as JSON. */
export const MAX_REPLY = 60_000;

/** Most characters of one field of a record in a reply, as JSON. */
const MAX_FIELD = 8000;

/** Text without colours; other active characters are visible. Keeps line breaks. */
export function plainText(text: string): string {
  return sanitize(withoutSequences(text), { newlines: true });
}

/** A copy of a JSON value whose texts and keys are plain. */
export function plain(value: unknown): unknown {
  if (typeof value === "string") return plainText(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [plainText(key), plain(each)]),
  );
}

/** The text, cut after `most` characters, with the number of those left out. */
export function cutText(text: string, most: number): string {
  return text.length <= most
    ? text
    : `${text.slice(0, most)}… (${text.length - most} more characters)`;
}

/**
 * A record whose large fields are replaced by a note. `error` keeps its code and the start of its
 * texts.
 */
export function shortRecord(operation: Operation): Record<string, unknown> {
  const { error } = operation;
  const shortError = error && {
    ...error,
    message: cutText(error.message, MAX_FIELD / 2),
    stack: error.stack && cutText(error.stack, MAX_FIELD / 2),
  };
  const entries = Object.entries({ ...operation, error: shortError }).map(([name, value]) => {
    const size = JSON.stringify(value)?.length ?? 0;
    const isLarge = name !== "error" && size > MAX_FIELD;
    return [name, isLarge ? leftOut(operation.id, size) : value];
  });
  return Object.fromEntries(entries);
}

function leftOut(id: string, size: number): string {
  return `left out: ${size} characters; read the resource liveops://operations/${id}`;
}
