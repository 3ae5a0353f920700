/**
 * Commands to a build server that many tools print, such as `::warning::…`. Source: "Workflow
 * commands for GitHub Actions".
 */

export type Level = "info" | "success" | "warning" | "error";

/** What a command asks for. */
export type WorkflowCommand =
  | { type: "log"; level: Level; text: string; place: string | null }
  | { type: "group"; name: string }
  | { type: "mask"; text: string }
  /** Understood, and nothing to show. */
  | { type: "nothing" };

const NOTHING: WorkflowCommand = { type: "nothing" };

/**
 * Reads the lines of one program; between `::stop-commands::TOKEN` and `::TOKEN::`, no line is a
 * command.
 */
export class WorkflowCommands {
  #stopped: string | null = null;

  /** @returns null if the line is no command, or one that liveops does not know */
  read(line: string): WorkflowCommand | null {
    // Almost no line begins with two colons.
    if (line.charCodeAt(0) !== 0x3a || line.charCodeAt(1) !== 0x3a) return null;
    if (this.#stopped !== null) {
      if (line.trimEnd() !== `::${this.#stopped}::`) return null;
      this.#stopped = null;
      return NOTHING;
    }
    const found = /^::([a-z-]+)(?: ([^:]*(?::(?!:)[^:]*)*))?::(.*)$/s.exec(line);
    if (found === null) return null;
    const [, name = "", properties = "", message = ""] = found;
    const text = decoded(message);
    if (name === "stop-commands") {
      if (text.trim() === "") return null;
      this.#stopped = text.trim();
      return NOTHING;
    }
    if (name === "group") return { type: "group", name: text };
    if (name === "endgroup") return NOTHING;
    if (name === "add-mask") return { type: "mask", text };
    const level = LEVELS.get(name);
    return level === undefined ? null : { type: "log", level, text, place: placeOf(properties) };
  }
}

const LEVELS = new Map<string, Level>([
  ["notice", "info"],
  ["warning", "warning"],
  ["error", "error"],
]);

/** `file.c:12` of the properties `file=file.c,line=12`. */
function placeOf(properties: string): string | null {
  const values = new Map(
    properties.split(",").map((pair) => {
      const at = pair.indexOf("=");
      return [
        pair.slice(0, at).trim(),
        decoded(pair.slice(at + 1)).replaceAll(/%3A/gi, ":"),
      ] as const;
    }),
  );
  const file = values.get("file");
  const line = values.get("line");
  if (!file) return null;
  return line ? `${file}:${line}` : file;
}

function decoded(text: string): string {
  return text.replaceAll(/%0D/gi, "\r").replaceAll(/%0A/gi, "\n").replaceAll("%25", "%");
}
