/**
 * The causes of an operation's error as lines of text: `caused by: …`, then the frames of each
 * cause.
 */

import type { OperationError } from "../../protocol/operation.js";
import { sanitize } from "../../protocol/text/sanitize.js";

/** Two spaces a level. No colours. */
export function causeLines({ causes = [] }: OperationError): string[] {
  return causes.flatMap(({ depth, message, stack }) => {
    const indent = "  ".repeat(depth);
    const [first = "", ...more] = sanitize(message, { newlines: true }).split("\n");
    const text = [`caused by: ${first}`, ...more.map((line) => `  ${line}`)];
    return [...text, ...frameLines(stack)].map((line) => indent + line);
  });
}

/** The frames of a stack, without the message with which it begins. */
export function frameLines(stack: string | null): string[] {
  return (stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .map((line) => sanitize(line));
}
