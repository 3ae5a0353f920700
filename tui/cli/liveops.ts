/** The command line of `liveops`. */
import { runCommandLine } from "./command-line.js";
import { COMMANDS, commandTree } from "./commands.js";
import { helpKind, helpTree } from "./help.js";

export function runLiveops(words: string[]): Promise<void> {
  const kind = helpKind(words);
  const line = kind === "all" ? ["--help"] : words;
  return runCommandLine(line, COMMANDS, "liveops", () =>
    kind === null ? commandTree() : helpTree(kind),
  );
}
