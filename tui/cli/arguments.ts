/** Arguments that several commands share: an id, and the words after `--`. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { Client } from "../../protocol/client/client.js";
import { NotFoundError } from "../../protocol/failures.js";
import type { Operation } from "../../protocol/operation.js";

/**
 * The words after `--`: arguments of the operation's own command (`liveops submit -- make -j4`).
 *
 * Removed before commander reads the line, because commander drops the `--` and mixes both kinds of
 * words.
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
 * Removes `--help` from the words, if they name an operation type too: commander would show the
 * help of the command.
 *
 * @param words - after `takeTrailing`
 * @param command - whose first argument is the type
 */
export function takeTypeHelp(words: string[], command: Command): string[] {
  const isHelp = (word: string) => word === "-h" || word === "--help";
  typeHelp = false;
  if (!words.some(isHelp) || argumentAt(words, command) === -1) return words;
  typeHelp = true;
  return words.filter((word) => !isHelp(word));
}

/**
 * Names the type `shell` where the words name a command instead of a type: `submit -- make -j4`,
 * and the shell line `submit 'make && make install'`. Neither a type nor a pipeline file has a name
 * with white space.
 *
 * @param words - after `takeTrailing`
 * @param command - that takes the type
 * @param before - arguments before the type
 */
export function withShellType(words: string[], command: Command, before = 0): string[] {
  const at = argumentAt(words, command, before);
  const word = words[at];
  const isKnown = (option: string) =>
    !option.startsWith("-") ||
    command.options.some(({ long, short }) => option === long || option === short);
  // The word behind an unknown option may be its value.
  if (word !== undefined && /\s/.test(word) && isKnown(words[at - 1]!) && !existsSync(word))
    return words.toSpliced(at, 1, "shell", `script=${word}`);
  const hasCommand = taken !== undefined && taken.length > 0;
  if (!hasCommand || (word !== undefined && !word.includes("="))) return words;
  return words.toSpliced(word === undefined ? words.length : at, 0, "shell");
}

/** The place of an argument of the command, after so many others; -1: there is none. */
function argumentAt(words: readonly string[], command: Command, before = 0): number {
  const place = words.indexOf(command.name());
  if (place === -1) return -1;
  const takesValue = new Set(
    command.options.filter((option) => option.required).flatMap(({ long, short }) => [long, short]),
  );
  let left = before;
  for (let i = place + 1; i < words.length; i++) {
    if (takesValue.has(words[i])) i++;
    else if ((!words[i]!.startsWith("-") || words[i] === "-") && left-- === 0) return i;
  }
  return -1;
}

/** Adds `--exit-status`. */
export function addExitStatus(command: Command, implies = ""): Command {
  return command.option(
    "--exit-status",
    `Exit with the exit code of the operation's command (128 + n for signal n) where its result has one${implies}`,
  );
}

/**
 * The operation with this id, or the newest operation. @throws NotFoundError where there is none
 */
export async function namedOrNewest(client: Client, id: string | undefined): Promise<Operation> {
  if (id !== undefined) return client.show(id);
  const [newest] = (await client.list({ parent: "none", limit: 1 })).operations;
  if (newest) return newest;
  throw new NotFoundError("there are no operations yet; list the types to submit: liveops ops");
}
