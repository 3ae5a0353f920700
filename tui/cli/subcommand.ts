/** A word that is none of the subcommands of a command, such as `liveops schedule ad`. */
import type { Command } from "commander";
import { UsageError } from "../../protocol/failures.js";
import { nearest } from "../../protocol/text/nearest.js";

/** @throws UsageError with the subcommands, where a word follows the command */
function checkSubcommand(command: Command): void {
  const [word] = command.args;
  if (word === undefined) return;
  const line = `${command.parent!.name()} ${command.name()}`;
  const names = command.commands.map((each) => each.name()).filter((name) => name !== "help");
  const [near] = nearest(word, names, 1);
  const hint = near === undefined ? "" : `did you mean: ${line} ${near}? `;
  throw new UsageError(
    `${line} has no command ${JSON.stringify(word)}`,
    `${hint}Its commands: ${names.join(", ")}`,
  );
}

/** Adds what the command does without a subcommand. */
export function addDefaultAction(command: Command, action: () => Promise<void>): void {
  command.allowExcessArguments().action(async () => {
    checkSubcommand(command);
    await action();
  });
}
