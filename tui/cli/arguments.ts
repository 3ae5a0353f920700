/** Arguments that several commands share: an id, and the words after `--`. */
import type { Command } from "commander";
import type { Client } from "../../protocol/client/client.js";
import { NotFoundError } from "../../protocol/failures.js";
import type { Operation } from "../../protocol/operation.js";

/**
 * The words after `--`: arguments of the operation's own command (`liveops submit shell -- make -j4`).
 *
 * Removed before commander reads the line, because commander drops the `--` and mixes both kinds of words.
 */
let taken: string[] | undefined;

/** Returns the words before the first `--`; `trailingWords` returns the words after it. */
export function takeTrailing(words: string[]): string[] {
  const cut = words.indexOf("--");
  taken = cut === -1 ? undefined : words.slice(cut + 1);
  return cut === -1 ? words : words.slice(0, cut);
}

/** Undefined where there was no `--`. */
export function trailingWords(): string[] | undefined {
  return taken;
}

/** The command line asks for the help of an operation type: `liveops submit backup --help`. */
let typeHelp = false;

/** Whether the command shows the type instead of submitting or running it. */
export function wantsTypeHelp(): boolean {
  return typeHelp;
}

/**
 * Removes `--help` from the words, if they name an operation type too: commander would show the help of the command.
 *
 * @param words - after `takeTrailing`
 * @param command - whose first argument is the type
 */
export function takeTypeHelp(words: string[], command: Command): string[] {
  const isHelp = (word: string) => word === "-h" || word === "--help";
  typeHelp = false;
  const place = words.indexOf(command.name());
  if (place === -1 || !words.some(isHelp)) return words;
  const takesValue = new Set(
    command.options.filter((option) => option.required).flatMap(({ long, short }) => [long, short]),
  );
  for (let i = place + 1; i < words.length; i++) {
    if (takesValue.has(words[i])) i++;
    else if (!words[i]!.startsWith("-")) {
      typeHelp = true;
      return words.filter((word) => !isHelp(word));
    }
  }
  return words;
}

/** Adds `--exit-status`. */
export function addExitStatus(command: Command, implies = ""): Command {
  return command.option(
    "--exit-status",
    `Exit with the exit code of the operation's command (128 + n for signal n) where its result has one${implies}`,
  );
}

/** The operation with this id, or the newest operation. @throws NotFoundError where there is none */
export async function namedOrNewest(client: Client, id: string | undefined): Promise<Operation> {
  if (id !== undefined) return client.show(id);
  const [newest] = (await client.list({ parent: "none", limit: 1 })).operations;
  if (newest) return newest;
  throw new NotFoundError("there are no operations yet; list the types to submit: liveops ops");
}
