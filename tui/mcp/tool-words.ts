/** Errors name shell commands. An agent has tools instead, where there is one for the command. */

/** The tool for a command of `liveops`, and whether a server that is read-only has the tool. */
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
const COMMAND = /\bliveops (again|ls|ops|show|logs|wait|cancel|retry|submit)\b(?: ([a-z0-9]{12})\b)?(?! --)/g;

/** The text with the tool for each command that has one; else the command stays, for a shell. */
export function withTools(text: string, { readOnly }: { readOnly: boolean }): string {
  return text.replace(COMMAND, (command, name: string, id?: string) => {
    if (name === "again" && id !== undefined && !readOnly)
      return `submit_operation, with op and params of ${id}`;
    const found = TOOL_OF[name];
    if (found === undefined || (found.changes && readOnly)) return command;
    return id === undefined ? found.tool : `${found.tool} ${JSON.stringify({ id })}`;
  });
}

const NAMES = new RegExp(
  `\\b(?:${Object.values(TOOL_OF)
    .map(({ tool }) => tool)
    .join("|")}|liveopsd? [a-z]+)\\b`,
);

/** What failed, and the last part of the message where that names a tool or a command. */
export function splitNext(message: string): { message: string; next: string[] } {
  const at = message.lastIndexOf("; ");
  const last = at === -1 ? "" : message.slice(at + 2);
  return NAMES.test(last) ? { message: message.slice(0, at), next: [last] } : { message, next: [] };
}
