/** The log lines of an allowed failure. */
import type { OperationError } from "../../protocol/operation.js";
import { ExecError } from "../sdk/exec.js";

/**
 * The message of the error, its frames and its causes, as lines of text.
 *
 * @param thrown - the value that the block threw
 */
export function failureText(stage: string, error: OperationError, thrown: unknown): string {
  const { message, stack, causes = [] } = error;
  // The log just showed the last lines of a failed program, and its frames are of no use.
  const isProgram = thrown instanceof ExecError;
  const said = isProgram ? message.split("\n", 1)[0]! : message;
  const frames = isProgram ? [] : framesOf(stack);
  const caused = causes.flatMap((cause) => {
    const indent = "  ".repeat(cause.depth);
    const text = `caused by: ${cause.message}`.split("\n");
    return [...text, ...framesOf(cause.stack)].map((line) => indent + line);
  });
  return [`stage "${stage}" failed, and its failure is allowed: ${said}`, ...frames, ...caused].join("\n");
}

function framesOf(stack: string | null): string[] {
  return (stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
}
