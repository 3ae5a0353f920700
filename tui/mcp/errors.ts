/** Errors as a client of the server gets them: the code, what failed, and the next step. */

import { LiveopsError, Refusal } from "../../protocol/errors.js";
import { UsageError } from "../../protocol/failures.js";
import { describeError, type ReportTo } from "../kit/report.js";
import { plainText } from "./plain.js";
import { splitNext, withTools } from "./tool-words.js";

export interface ErrorReply {
  /** A code of docs/errors.md. */
  code: string;
  message: string;
  /** What to do next: a tool to call, or a shell command where no tool does it. */
  next: string[];
}

export function errorReply(
  error: unknown,
  { to, readOnly }: { to: ReportTo; readOnly: boolean },
): ErrorReply {
  const [first = "", ...lines] = describeError(error, to).lines;
  const text = (line: string) => plainText(withTools(line, { readOnly }));
  const { message, next } = splitNext(text(error instanceof Refusal ? error.message : first));
  return { code: codeOf(error), message, next: [...next, ...lines.map(text)] };
}

/** The reply in one text, a line for each next step. */
export function errorText({ code, message, next }: ErrorReply): string {
  return [`${code}: ${message}`, ...next].join("\n");
}

/** For arguments that do not fit together. */
export function badRequest(message: string): Refusal {
  return new Refusal("LIVEOPS_BAD_REQUEST", message);
}

function codeOf(error: unknown): string {
  if (error instanceof LiveopsError) return error.code;
  if (error instanceof UsageError) return "LIVEOPS_BAD_REQUEST";
  return (error as Error | null)?.name === "StateRemovedError" ? "LIVEOPS_NO_DAEMON" : "LIVEOPS_INTERNAL";
}
