/** The result of an operation, as people read it. */
import type { Operation } from "../../protocol/operation.js";
import { sanitize } from "../../protocol/text/sanitize.js";
import { jsonLine } from "../kit/output/json.js";
import { formatBytes } from "../terminal/format.js";

interface Result {
  /** What stands for a large one; null or undefined: none. */
  value: unknown;
  /** The type's own text; null: none. */
  text: string | null;
}

export function resultOf(it: Operation): Result {
  const bytes = it.omitted?.result;
  return { value: bytes === undefined ? it.result : omittedValue(it, bytes), text: it.resultText };
}

/** Stands for a large value that the list of operations leaves out. */
function omittedValue({ id }: Operation, bytes: number): string {
  return `${formatBytes(bytes)}: liveops show ${id} prints it`;
}

/** The result of an operation for scripts that read stdout: the text of its type, or else the value. */
export function resultLines({ result, resultText = null }: EndValues): string[] {
  return resultText === null ? valueLines(result) : sanitize(resultText, { newlines: true }).split("\n");
}

interface EndValues {
  result: unknown;
  resultText?: string | null | undefined;
}

/**
 * One line for each key of an object, with nested values as JSON. Any other value is printed as `result=…`. Newlines in
 * a text are printed as `\n`.
 */
export function valueLines(result: unknown): string[] {
  if (result === null || result === undefined) return [];
  if (typeof result !== "object" || Array.isArray(result)) return [`result=${valueText(result)}`];
  return Object.entries(result).map(([key, value]) => `${sanitize(key)}=${valueText(value)}`);
}

function valueText(value: unknown): string {
  return typeof value === "string" ? sanitize(value) : jsonLine(value);
}
