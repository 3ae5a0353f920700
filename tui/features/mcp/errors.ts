/** Errors as a client of the server gets them: the code, what failed, and the next step. */

import { LiveopsError, Refusal } from "../../../protocol/errors.js";
import { StateRemovedError, UsageError } from "../../../protocol/failures.js";
import { describeError, type ReportTo } from "../../kit/report.js";
import { plainText } from "./plain.js";

export interface ErrorReply {
  /** A code of docs/errors.md. */
  code: string;
  message: string;
  /** What to do next: a tool to call, or a shell command where no tool does it. */
  next: string[];
}

export async function errorReply(
  error: unknown,
  { to, rules: { readOnly } }: { to: ReportTo; rules: { readOnly: boolean } },
): Promise<ErrorReply> {
  const [first = "", ...lines] = (await describeError(error, to)).lines;
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
  return error instanceof StateRemovedError ? "LIVEOPS_NO_DAEMON" : "LIVEOPS_INTERNAL";
}

/**
 * Errors name commands of `liveops`, and an agent has tools. `changes`: a read-only server does not
 * have the tool.
 */
const TOOL_OF: Record<string, { tool: string; changes: boolean }> = {
  ls: { tool: "list_operations", changes: false },
  ops: { tool: "list_types", changes: false },
  show: { tool: "show_operation", changes: false },
  logs: { tool: "read_log", changes: false },
  wait: { tool: "wait_for_operation", changes: false },
  cancel: { tool: "cancel_operation", changes: true },
  retry: { tool: "retry_operation", changes: true },
  submit: { tool: "submit_operation", changes: true },
};

/** A command without options, and its id. */
const COMMAND =
  /\bliveops (again|ls|ops|show|logs|wait|cancel|retry|submit)\b(?!(?: [a-z0-9]{12})? --?\w)(?: ([a-z0-9]{12})\b)?/g;

/** The text with the tool for each command that has one; else the command stays, for a shell. */
export function withTools(text: string, { readOnly }: { readOnly: boolean }): string {
  return text.replace(COMMAND, (command, name: string, id?: string) => {
    if (name === "again" && id !== undefined && !readOnly)
      return `submit_operation, with op and params of ${id}`;
    const entry = TOOL_OF[name];
    if (entry === undefined || (entry.changes && readOnly)) return command;
    return id === undefined ? entry.tool : `${entry.tool} ${JSON.stringify({ id })}`;
  });
}

const NAMES = new RegExp(
  `\\b(?:${Object.values(TOOL_OF)
    .map(({ tool }) => tool)
    .join("|")}|liveopsd? [a-z]+)\\b`,
);

/** What failed, and the last part of the message where that names a tool or a command. */
function splitNext(message: string): { message: string; next: string[] } {
  const at = message.lastIndexOf("; ");
  const last = at === -1 ? "" : message.slice(at + 2);
  return NAMES.test(last) ? { message: message.slice(0, at), next: [last] } : { message, next: [] };
}
