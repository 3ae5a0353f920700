/** The command line to type after `liveops submit shell make -j4`: the words of a command follow `--`. */
import type { Command } from "commander";
import { shellLine } from "../../protocol/shell-quote.js";

/**
 * The hint for a command line with an unknown option, or null if no word before it looks like a command.
 *
 * @param words - the words of the command line before its first `--`, the name of the command first
 * @param trailing - the words after `--`; undefined without `--`
 */
export function commandHint(
  command: Command,
  words: readonly string[],
  trailing?: readonly string[],
): string | null {
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
