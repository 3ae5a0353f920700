/** The result of an operation, as people read it. */
import type { Operation } from "../../protocol/operation.js";
import { sanitize } from "../../protocol/text/sanitize.js";
import { jsonLine } from "../kit/output/json.js";

/** The result, and the type's own text of it. A value that lists leave out says where it is. */
export function resultOf({ id, large, result, resultText: text }: Operation): {
  value: unknown;
  text: string | null;
} {
  const isLeftOut = large?.includes("result");
  return { value: isLeftOut ? `large: liveops show ${id} prints it` : result, text };
}

/** As `resultLines`, of an operation of a list. */
export function listedLines(it: Operation): string[] {
  const { value: result, text: resultText } = resultOf(it);
  return resultLines({ result, resultText });
}

/**
 * The result of an operation for scripts that read stdout: the text of its type, or else the value.
 */
export function resultLines({ result, resultText = null }: EndValues): string[] {
  return resultText === null
    ? valueLines(result)
    : sanitize(resultText, { newlines: true }).split("\n");
}

interface EndValues {
  result: unknown;
  resultText?: string | null | undefined;
}

/**
 * One line for each key of an object, with nested values as JSON. Any other value is printed as
 * `result=…`. Newlines in a text are printed as `\n`.
 */
export function valueLines(result: unknown): string[] {
  if (result === null || result === undefined) return [];
  if (typeof result !== "object" || Array.isArray(result)) return [`result=${valueText(result)}`];
  return Object.entries(result).map(([key, value]) => `${sanitize(key)}=${valueText(value)}`);
}

function valueText(value: unknown): string {
  return typeof value === "string" ? sanitize(value) : jsonLine(value);
}
