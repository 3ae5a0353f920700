/** The parameters of an operation as people read them. */
import type { Operation } from "../../protocol/operation.js";

/**
 * The parameters that people read. For a pipeline that was submitted by path: its file and its own parameters, without
 * the text of the file. For other operations: all parameters.
 */
export function shownParams({ op, params }: Pick<Operation, "op" | "params">): Record<string, unknown> {
  const { text, path, params: own } = params;
  if (op !== "pipeline" || typeof text !== "string" || typeof own !== "object" || own === null) return params;
  return { file: path ?? "stdin", ...own };
}
