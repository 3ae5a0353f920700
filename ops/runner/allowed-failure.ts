/** The log lines of an allowed failure. */
import type { OperationError } from "../../protocol/operation.js";
import { ExecError } from "../sdk/exec.js";

/**
 * The message of the error, its frames and its causes, as lines of text.
 *
 * @param thrown - the value that the block threw; the message of a failed program repeats lines that the log has
 */
export function failureText(stage: string, error: OperationError, thrown: unknown): string {
  const { message, stack, causes = [] } = error;
  const said = thrown instanceof ExecError ? message.split("\n", 1)[0]! : message;
  const caused = causes.flatMap((cause) => {
    const indent = "  ".repeat(cause.depth);
    const text = `caused by: ${cause.message}`.split("\n");
    return [...text, ...framesOf(cause.stack)].map((line) => indent + line);
  });
  return [`stage "${stage}" failed, and its failure is allowed: ${said}`, ...framesOf(stack), ...caused].join(
    "\n",
  );
}

function framesOf(stack: string | null): string[] {
  return (stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
}
