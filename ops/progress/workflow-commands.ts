/**
 * Commands to a build server that many tools print: GitHub's `::warning::…`, TeamCity's `##teamcity[…]` and Azure
 * Pipelines' `##vso[…]`. Sources: "Workflow commands for GitHub Actions", "TeamCity Service Messages", "Logging
 * commands" of Azure Pipelines.
 */

export type Level = "info" | "success" | "warning" | "error";

/** What a command asks for. */
export type WorkflowCommand =
  | { type: "log"; level: Level; text: string; place: string | null }
  | { type: "status"; text: string }
  | { type: "group"; name: string }
  | { type: "mask"; text: string }
  | { type: "percent"; percent: number; text: string | null }
  /** Understood, and nothing to show. */
  | { type: "nothing" };

const NOTHING: WorkflowCommand = { type: "nothing" };

/** Reads the lines of one program; between `::stop-commands::TOKEN` and `::TOKEN::`, no line is a command. */
export class WorkflowCommands {
  #stopped: string | null = null;

  /** @returns null if the line is no command, or one that liveops does not know */
  read(line: string): WorkflowCommand | null {
    // Almost no line begins like this.
    const first = line.charCodeAt(0);
    if (first === 0x3a && line.charCodeAt(1) === 0x3a) return this.#github(line);
    if (first !== 0x23 || line.charCodeAt(1) !== 0x23 || this.#stopped !== null) return null;
    if (line.startsWith("##teamcity[")) return teamcity(line);
    return line.startsWith("##vso[") || line.startsWith("##[") ? azure(line) : null;
  }

  #github(line: string): WorkflowCommand | null {
    if (this.#stopped !== null) {
      if (line.trimEnd() !== `::${this.#stopped}::`) return null;
      this.#stopped = null;
      return NOTHING;
    }
    const found = /^::([a-z-]+)(?: ([^:]*(?::(?!:)[^:]*)*))?::(.*)$/s.exec(line);
    if (found === null) return null;
    const [, name = "", properties = "", message = ""] = found;
    const text = unescapeGithub(message);
    if (name === "stop-commands") {
      if (text.trim() === "") return null;
      this.#stopped = text.trim();
      return NOTHING;
    }
    if (name === "group") return { type: "group", name: text };
    if (name === "endgroup") return NOTHING;
    if (name === "add-mask") return { type: "mask", text };
    const level = GITHUB_LEVELS.get(name);
    return level === undefined ? null : { type: "log", level, text, place: placeOf(properties) };
  }
}

const GITHUB_LEVELS = new Map<string, Level>([
  ["notice", "info"],
  ["warning", "warning"],
  ["error", "error"],
]);

/** `file.c:12` of the properties `file=file.c,line=12`. */
function placeOf(properties: string): string | null {
  const values = new Map(
    properties.split(",").map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at).trim(), unescapeGithub(pair.slice(at + 1)).replaceAll(/%3A/gi, ":")] as const;
    }),
  );
  const file = values.get("file");
  const line = values.get("line");
  return file ? (line ? `${file}:${line}` : file) : null;
}

function unescapeGithub(text: string): string {
  return text.replaceAll(/%0D/gi, "\r").replaceAll(/%0A/gi, "\n").replaceAll("%25", "%");
}

/** `##teamcity[name 'value']` or `##teamcity[name key='value' …]`. */
function teamcity(line: string): WorkflowCommand | null {
  const found = /^##teamcity\[(\w+)((?:\s+(?:\w+\s*=\s*)?'(?:[^'|]|\|.)*')*)\s*\]\s*$/s.exec(line);
  if (found === null) return null;
  const [, name = "", rest = ""] = found;
  const values = new Map<string, string>();
  for (const [, key = "", value = ""] of rest.matchAll(/(?:(\w+)\s*=\s*)?'((?:[^'|]|\|.)*)'/gs))
    values.set(key, unescapeTeamcity(value));
  const text = values.get("text") ?? values.get("") ?? values.get("name") ?? "";
  if (name === "progressMessage" || name === "progressStart") return { type: "status", text };
  if (name === "progressFinish" || name === "blockClosed") return NOTHING;
  if (name === "blockOpened") return { type: "group", name: text };
  if (name === "message") return { type: "log", level: levelOf(values.get("status")), text, place: null };
  if (name === "buildProblem")
    return { type: "log", level: "error", text: values.get("description") ?? text, place: null };
  return null;
}

function unescapeTeamcity(text: string): string {
  return text.replaceAll(/\|(0x[0-9a-fA-F]{4}|.)/gs, (_, code: string) => {
    if (code.length > 1) return String.fromCharCode(Number(code));
    return code === "n" ? "\n" : code === "r" ? "\r" : code;
  });
}

/** `##vso[task.setprogress value=40;]text`, `##[warning]text`. */
function azure(line: string): WorkflowCommand | null {
  const found = /^##(?:vso)?\[([\w.]+)(?:\s+([^\]]*))?\](.*)$/s.exec(line);
  if (found === null) return null;
  const [, name = "", rest = "", text = ""] = found;
  const values = new Map(
    rest.split(";").map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at).trim().toLowerCase(), pair.slice(at + 1).trim()] as const;
    }),
  );
  if (name === "task.setprogress") {
    const value = values.get("value");
    const percent = Number(value || Number.NaN);
    return Number.isFinite(percent) ? { type: "percent", percent, text: text.trim() || null } : null;
  }
  if (name === "task.logissue") return { type: "log", level: levelOf(values.get("type")), text, place: null };
  if (name === "task.setsecret") return { type: "mask", text: values.get("value") ?? text };
  if (name === "group" || name === "section") return { type: "group", name: text };
  if (name === "endgroup") return NOTHING;
  if (name === "warning" || name === "error") return { type: "log", level: name, text, place: null };
  return null;
}

function levelOf(word: string | undefined): Level {
  const level = word?.toLowerCase();
  return level === "warning" ? "warning" : level === "error" || level === "failure" ? "error" : "info";
}
