/** Commands that belong to the other bin: `liveops start` names `liveopsd start`, and `liveopsd ls` names `liveops ls`. */
import { EXIT, type ExitCode } from "../../protocol/exit-codes.js";
import { shellLine } from "../../protocol/text/shell-quote.js";
import { say } from "./report.js";

type Bin = "liveops" | "liveopsd";

/** The commands that only one of the two bins has. */
export const ONLY_IN: Readonly<Record<Bin, readonly string[]>> = {
  liveops: [
    "submit",
    "run",
    "ls",
    "show",
    "watch",
    "attach",
    "wait",
    "edit",
    "pause",
    "resume",
    "cancel",
    "retry",
    "again",
    "rm",
    "queue",
    "hosts",
    "schedule",
    "export",
    "diff",
    "ops",
    "new",
    "check",
    "report",
    "config",
    "schema",
    "mcp",
    "completion",
    "dial-stdio",
    "tui",
  ],
  liveopsd: [
    "start",
    "stop",
    "restart",
    "reload",
    "install",
    "uninstall",
    "drain",
    "backup",
    "restore",
    "audit",
    "fleet",
  ],
};

/** Global options whose value is the next word. */
const WITH_VALUE = new Set(["--socket", "--state-dir", "--fleet", "--host"]);

/** Index of the command's name among the words of the command line; -1 for none. */
export function commandIndex(words: readonly string[]): number {
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (WITH_VALUE.has(word)) i++;
    else if (!word.startsWith("-")) return i;
  }
  return -1;
}

/**
 * Reports a command of the other bin, with the command to type instead.
 *
 * @returns the exit code; null if the command is not one of the other bin
 */
export function reportOtherBin(bin: Bin, words: readonly string[]): ExitCode | null {
  const at = commandIndex(words);
  const name = words[at] === "help" ? words[at + 1] : words[at];
  const other = bin === "liveops" ? "liveopsd" : "liveops";
  if (name === undefined || !ONLY_IN[other].includes(name)) return null;
  say(
    { program: bin },
    ofAnOperation(words, at) ?? `${name} is a command of ${other}: ${shellLine([other, ...words])}`,
  );
  return EXIT.usage;
}

/** Commands of the daemon that people type for an operation. */
const OF_AN_OPERATION: Readonly<Record<string, readonly [command: string, does: string]>> = {
  start: ["submit", "submit an operation"],
  stop: ["cancel", "cancel an operation"],
  restart: ["again", "run an operation again"],
};

/** The message for a command of the daemon whose words are those of an operation; null: they are not. */
function ofAnOperation(words: readonly string[], at: number): string | null {
  const name = words[at]!;
  const rest = words.slice(at + 1);
  const line = (command: string[]) => shellLine(["liveops", ...words.slice(0, at), ...command, ...rest]);
  // `backup` is also a shipped operation type.
  if (name === "backup" && rest.some((word) => /^[^-/.][^/]*=/.test(word)))
    return `backup is a command of liveopsd: ${shellLine(["liveopsd", ...words])}; to submit the operation type: ${line(["submit", name])}`;
  const meant = OF_AN_OPERATION[name];
  if (meant === undefined || rest[0] === undefined || rest[0].startsWith("-")) return null;
  return `${name} is a command of liveopsd, for the daemon; to ${meant[1]}: ${line([meant[0]])}`;
}
