/** The commands of `liveopsd`: loads only the command that was typed. Help and an unknown name load all commands. */
import type { Command } from "commander";
import { EXIT } from "../../../protocol/exit-codes.js";
import { operationsHint } from "../../kit/name-hints.js";
import { commandIndex, rootCommand, runRoot } from "../../kit/options.js";
import { say } from "../../kit/report.js";
import { DAEMON_COMMANDS } from "./commands.js";

/** The tree of these commands. Default: all. */
export async function commandTree(loaders = Object.values(DAEMON_COMMANDS)): Promise<Command> {
  const root = rootCommand("liveopsd", "The daemon that runs long operations and keeps their state");
  for (const load of loaders) (await load())(root);
  return root.addHelpText(
    "after",
    `
Examples:
  $ liveopsd start
  $ liveopsd status
  $ liveopsd logs -f
  $ liveopsd stop --now

Run liveopsd <command> --help for the options and examples of a command.
liveops has most of these commands too, and those of operations: liveops --help`,
  );
}

export async function runCommandLine(words: string[]): Promise<void> {
  const name = words[commandIndex(words)];
  const isKnown = name !== undefined && Object.hasOwn(DAEMON_COMMANDS, name);
  const command = isKnown ? DAEMON_COMMANDS[name] : undefined;
  const hint = command ? null : operationsHint(words);
  if (hint !== null) {
    say({ program: "liveopsd" }, hint);
    process.exitCode = EXIT.usage;
    return;
  }
  await runRoot(await commandTree(command && [command]), words);
}
