/** A word that is none of the subcommands of a command, such as `liveops schedule list`. */
import type { Command } from "commander";
import { UsageError } from "../../protocol/failures.js";
import { nearest } from "../../protocol/text/nearest.js";

/**
 * @param meant what people type for a subcommand: its words
 * @throws UsageError with the subcommands, where a word follows the command
 */
function checkSubcommand(command: Command, meant: Readonly<Record<string, string>>): void {
  const [word] = command.args;
  if (word === undefined) return;
  const line = `${command.parent!.name()} ${command.name()}`;
  const names = command.commands.map((each) => each.name()).filter((name) => name !== "help");
  const near = Object.hasOwn(meant, word) ? meant[word] : nearest(word, names, 1)[0];
  const hint = near === undefined ? "" : `did you mean: ${`${line} ${near}`.trim()}? `;
  throw new UsageError(
    `${line} has no command ${JSON.stringify(word)}`,
    `${hint}Its commands: ${names.join(", ")}`,
  );
}

/** Adds what the command does without a subcommand. */
export function addDefaultAction(
  command: Command,
  meant: Readonly<Record<string, string>>,
  action: () => Promise<void>,
): void {
  command.allowExcessArguments().action(async () => {
    checkSubcommand(command, meant);
    await action();
  });
}
