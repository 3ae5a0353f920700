/** Calls `static resultText`: the text that is shown for a result. */
import { MAX_RESULT_TEXT } from "../../protocol/limits.js";
import { type OperationCtor, readType, shortened } from "../types/read-type.js";
import type { Sink } from "./sink.js";

/**
 * The text for the result; null without one. An error of the author's function is logged and fails nothing: the work
 * is done.
 */
export function textOfResult(Type: OperationCtor, result: unknown, sink: Sink): string | null {
  const { op, resultText } = readType(Type);
  if (resultText === null || result === null) return null;
  const note = (problem: string) => {
    sink.line(
      "liveops",
      null,
      `static resultText of ${op} ${problem}; the result is shown as key=value lines`,
    );
    return null;
  };
  let text: unknown;
  try {
    // A copy: the function must not change the result.
    text = resultText.call(Type, structuredClone(result));
  } catch (thrown) {
    return note(`threw: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  if (typeof text !== "string" || text.trim() === "") return note("returned no text");
  return shortened(text.replace(/\r\n?/g, "\n").replace(/\n+$/, ""), MAX_RESULT_TEXT);
}
