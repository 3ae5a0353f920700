/** An operation's result as `key=value` lines: what scripts read from stdout. */

import { sanitize } from "../../protocol/command/sanitize.js";
import { jsonLine } from "../terminal/json.js";

/**
 * A line for each key of an object, its nested values as JSON; `result=…` for anything else. No result, no line.
 * A text stays one line: its newlines are written `\n`.
 */
export function resultLines(result: unknown): string[] {
  if (result === null || result === undefined) return [];
  if (typeof result !== "object" || Array.isArray(result)) return [`result=${shown(result)}`];
  return Object.entries(result).map(([key, value]) => `${sanitize(key)}=${shown(value)}`);
}

function shown(value: unknown): string {
  return typeof value === "string" ? sanitize(value) : jsonLine(value);
}
