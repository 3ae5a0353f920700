/** Arguments that several commands share: an id, parameters, a label, the words after `--`. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import type { Client } from "../../protocol/client/client.js";
import { NotFoundError, UsageError } from "../../protocol/failures.js";
import { isDeeper, lossInText } from "../../protocol/json-loss.js";
import { MAX_DEPTH, MAX_LABEL } from "../../protocol/limits.js";
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
  if (cut === -1) return words;
  taken = words.slice(cut + 1);
  return words.slice(0, cut);
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

export const TTY_TEXT = "Run the program on a terminal, as tty=true; liveops attach answers its questions";

/** The arguments with that of `--tty`, which a type without the parameter refuses. */
export function withTty(set: string[], tty = false): string[] {
  return tty ? [...set, "tty=true"] : set;
}

/** Adds `--exit-status`. */
export function addExitStatus(command: Command, implies = ""): Command {
  return command.option(
    "--exit-status",
    `Exit with the exit code of the operation's command (128 + n for signal n) where its result has one${implies}`,
  );
}

/**
 * The object of `--params JSON|@file|-`; undefined where the option is absent.
 *
 * @throws UsageError where the parameters cannot be read, or are not a JSON object
 */
export function givenParams(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  const source = text === "-" ? "stdin" : text.startsWith("@") ? text.slice(1) : "--params";
  const json = source === "--params" ? text : read(text === "-" ? 0 : source, source);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new UsageError(
      `${source} is not JSON: ${(error as Error).message}`,
      `give an object: --params '{"name": "value"}', --params @file.json, or - for stdin`,
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError(`${source} must hold a JSON object, such as {"name": "value"}`);
  }
  if (isDeeper(value, MAX_DEPTH))
    throw new UsageError(
      `${source} is nested more than ${MAX_DEPTH} levels deep; pass the path of a file instead`,
    );
  const loss = lossInText(json, value);
  if (loss !== null) throw new UsageError(`${source}: ${loss.problem}`);
  return value as Record<string, unknown>;
}

function read(from: string | number, source: string): string {
  try {
    // Some editors begin a file with a byte order mark, which JSON.parse refuses.
    return readFileSync(from, "utf8").replace(/^\ufeff/, "");
  } catch (error) {
    throw new UsageError(`--params: ${source} cannot be read: ${(error as Error).message}`);
  }
}

/** `--label TEXT`. @throws UsageError where the label is longer than MAX_LABEL */
export function givenLabel(text: string | undefined): string | undefined {
  if (text === undefined || text.length <= MAX_LABEL) return text;
  throw new UsageError(`--label has ${text.length} characters; the limit is ${MAX_LABEL}`);
}

/** The operation with this id, or the newest operation. @throws NotFoundError where there is none */
export async function namedOrNewest(client: Client, id: string | undefined): Promise<Operation> {
  if (id !== undefined) return client.show(id);
  const [newest] = (await client.list({ limit: 1 })).operations;
  if (newest) return newest;
  throw new NotFoundError("there are no operations yet; list the types to submit: liveops ops");
}

/**
 * The current directory.
 *
 * @param what the command to repeat, for the error message
 * @throws UsageError where the directory was removed
 */
export function currentDirectory(what: "run" | "submit"): string {
  try {
    return process.cwd();
  } catch {
    throw new UsageError(
      `the current directory no longer exists; change to another directory and ${what} again`,
    );
  }
}
