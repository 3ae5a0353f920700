/**
 * The help of `liveops`: the commands of every day, or with `liveops help all` every command and
 * subcommand.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { REPOSITORY } from "../../protocol/repository.js";
import { packageOf } from "../../protocol/system/package-place.js";
import { commandIndex } from "../kit/options.js";
import { commandTree } from "./commands.js";

/** The commands of every day, by the heading that the first page of the help has for them. */
const EVERYDAY: Readonly<Record<string, string>> = {
  submit: "Run",
  run: "Run",
  retry: "Run",
  schedule: "Run",
  demo: "Run",
  tui: "Look",
  ls: "Look",
  show: "Look",
  why: "Look",
  logs: "Look",
  cancel: "Manage",
  queue: "Manage",
  config: "Manage",
  mcp: "Manage",
};

export type HelpKind = "everyday" | "all";

/**
 * The help that a command line without a command asks for; null: it asks for none, or for that of a
 * command.
 */
export function helpKind(words: readonly string[]): HelpKind | null {
  const at = commandIndex(words);
  if (at === -1)
    return words.every((word) => word === "-h" || word === "--help") ? "everyday" : null;
  if (words[at] !== "help") return null;
  const [name, more] = words.slice(at + 1);
  if (name === undefined) return "everyday";
  return name === "all" && more === undefined ? "all" : null;
}

/** The tree of all commands, whose help is of this kind. */
export async function helpTree(kind: HelpKind): Promise<Command> {
  const root = await commandTree();
  const all = kind === "all";
  return root
    .configureHelp({
      ...root.configureHelp(),
      visibleCommands: ({ commands }) =>
        all ? commands.flatMap(withSubcommands) : everyday(commands),
      ...(all ? {} : { visibleOptions: () => [] }),
      subcommandTerm: (command) => pathOf(command).join(" "),
    })
    .addHelpText("after", [...(all ? [] : [HELP_ALL]), ...documentation()].join("\n"));
}

const HELP_ALL = "liveops help all lists every command, and the options that all have.";

/**
 * The index of the pages that came with this version; empty: they are not here, and the repository
 * has no address.
 */
function documentation(): string[] {
  const dir = packageOf(process.argv[1] ?? "");
  const index = join(dir ?? "", "docs", "README.md");
  if (dir !== null && existsSync(index)) return [`Documentation: ${index}`];
  return REPOSITORY === "" ? [] : [`Documentation: ${REPOSITORY}/tree/main/docs`];
}

function everyday(commands: readonly Command[]): Command[] {
  const names = Object.keys(EVERYDAY);
  const found = names.map((name) => commands.find((command) => command.name() === name)!);
  return found.map((command) => command.helpGroup(`${EVERYDAY[command.name()]}:`));
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.map((each) => each.helpGroup(command.helpGroup()))];
}

/** Below the program: `queue`, `set`. */
function pathOf(command: Command): string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()];
}
