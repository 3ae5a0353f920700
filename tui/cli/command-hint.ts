/**
 * The command line to type after `liveops submit make -j4` or `liveops submit ./build.sh`: words
 * follow `--`.
 */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Command } from "commander";
import { shellLine } from "../../protocol/text/shell-quote.js";

/**
 * The hint for a command line with an unknown option, or null if no word before it looks like a
 * command.
 *
 * @param words - the words of the command line before its first `--`, the name of the command
 *   first
 * @param trailing - the words after `--`; undefined without `--`
 */
export function commandHint(
  command: Command,
  words: readonly string[],
  trailing?: readonly string[],
): string | null {
  const type = words.findIndex(
    (word, i) => i > words.indexOf(command.name()) && !word.startsWith("-"),
  );
  if (type === words.indexOf(command.name()) + 1 && isProgram(words[type]!))
    return programHint(command.name(), [
      ...words.slice(type),
      ...(trailing ? ["--", ...trailing] : []),
    ]);
  const at = commandAt(command, words);
  if (at === null) return null;
  const line = [
    "liveops",
    ...words.slice(0, at),
    "--",
    ...words.slice(at),
    ...(trailing ? ["--", ...trailing] : []),
  ];
  return `to run a command with its options, put -- before it: ${shellLine(line)}`;
}

/** The place of the first word that is no option, no operation type and no `name=value`. */
function commandAt(command: Command, words: readonly string[]): number | null {
  let isType = true;
  for (let i = words.indexOf(command.name()) + 1; i < words.length; i++) {
    const word = words[i]!;
    if (word.startsWith("-")) {
      const option = command.options.find(({ short, long }) => word === short || word === long);
      if (option?.required) i++;
      else if (option === undefined && !word.includes("=")) return null;
    } else if (isType) isType = false;
    else if (!word.includes("=")) return i;
  }
  return null;
}

function programHint(command: string, words: readonly string[]): string {
  return `to run a program: ${shellLine(["liveops", command, "--", ...words])}`;
}

/**
 * Whether the word is the path of a file, or the name of a program of `PATH`. The name of a type
 * has no slash.
 */
export function isProgram(word: string): boolean {
  if (word.includes("/")) return isFile(word);
  const dirs = (process.env.PATH ?? "").split(delimiter).filter((dir) => dir !== "");
  return word !== "" && dirs.some((dir) => isFile(join(dir, word), constants.X_OK));
}

function isFile(path: string, mode = constants.F_OK): boolean {
  try {
    accessSync(path, mode);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
