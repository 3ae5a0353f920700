/**
 * The command line: loads only the command that was typed. Help and an unknown name load all
 * commands.
 */
import type { Command } from "commander";
import { commandIndex, rootCommand, runRoot, takeAll } from "../kit/options.js";
import { endQuietlyOnClosedPipe } from "../kit/report.js";
import { takeTrailing, takeTypeHelp, trailingWords, withShellType } from "./arguments.js";

/** Adds one command to the tree. */
type Register = (root: Command) => void;

/** Loaders of commands, by name. */
export type Commands = Readonly<Record<string, () => Promise<Register>>>;

/** Commands that take arguments of the operation after `--`. */
const WITH_TRAILING = new Set(["submit", "run", "again", "schedule"]);

/** The programs: what the help says of each. */
const PROGRAMS = {
  liveops: {
    about: "Run long operations in a local daemon and watch their stages live",
    help: `
Examples:
  $ liveops submit -- make test
  $ liveops submit backup source=. target=/tmp/backups --follow
  $ liveops

Run liveops <command> --help for the options and examples of a command.`,
  },
  liveopsd: {
    about: "The daemon that runs long operations and keeps their state",
    help: `
Examples:
  $ liveopsd start
  $ liveopsd status
  $ liveopsd logs -f
  $ liveopsd stop --now

Run liveopsd <command> --help for the options and examples of a command.
liveops has most of these commands too, and those of operations: liveops --help`,
  },
};

type Program = keyof typeof PROGRAMS;

/**
 * @param argv - without the program
 * @param commands - the commands that this bundle can run
 * @param whole - the tree of all commands, for help and for a name that is none of them
 */
export async function runCommandLine(
  argv: string[],
  commands: Commands,
  program: Program = "liveops",
  whole = () => treeOf(Object.values(commands), program),
): Promise<void> {
  endQuietlyOnClosedPipe();
  const words = takeAll(argv);
  const typed = words[commandIndex(words)];
  const entry = typed !== undefined && Object.hasOwn(commands, typed) ? commands[typed] : undefined;
  const root = await (entry ? treeOf([entry], program) : whole());
  if (typed === undefined || !WITH_TRAILING.has(typed)) return runRoot(root, words);
  const before = takeTrailing(words);
  const own = withType(root, typed, before);
  await runRoot(root, own, async ({ code }) => {
    if (code !== "commander.unknownOption") return null;
    const { commandHint } = await import("./command-hint.js");
    // Its other subcommands run no command.
    if (typed === "schedule" && !own.includes("add")) return null;
    return commandHint(
      root.commands.find((command) => command.name() === typed)!,
      own,
      trailingWords(),
    );
  });
}

/** The words of a command that takes an operation type. */
export function withType(root: Command, typed: string, words: string[]): string[] {
  const command = root.commands.find((each) => each.name() === typed);
  const add = command?.commands.find((each) => each.name() === "add");
  if (command === undefined) return words;
  if (typed === "schedule") return add === undefined ? words : withShellType(words, add, 1);
  return typed === "submit" || typed === "run"
    ? withShellType(takeTypeHelp(words, command), command)
    : words;
}

/** The tree of these commands. */
export async function treeOf(
  loaders: ReadonlyArray<Commands[string]>,
  program: Program = "liveops",
): Promise<Command> {
  const { about, help } = PROGRAMS[program];
  const root = rootCommand(program, about);
  for (const load of loaders) (await load())(root);
  return root.addHelpText("after", help);
}
