/** Hints for options of other programs: `liveops logs --tail 3` names `liveops logs --lines 3`. */
import { shellLine } from "../../protocol/text/shell-quote.js";

/** By command, or "" without one: the option, and the words of liveops for it. */
export const OPTION_SYNONYMS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "": { "-v": ["--version"], "-V": ["--version"] },
  logs: { "--tail": ["--lines"] },
  submit: {
    "--name": ["--label"],
    "-f": ["--follow"],
    "-w": ["--wait"],
    "-q": ["--queue"],
    "-l": ["--label"],
  },
  again: { "--name": ["--label"], "-f": ["--follow"], "-w": ["--wait"] },
  ls: { "-a": ["--limit", "1000"], "--all": ["--limit", "1000"], "-l": ["--wide"] },
  cancel: { "-a": ["--all"] },
  rm: { "-a": ["--finished"] },
  wait: { "-a": ["--all"], "-t": ["--timeout"] },
  watch: { "-f": [], "--follow": [] },
};

/**
 * The line to type instead of the command line with the unknown option; null: the option is none that is known.
 *
 * @param command - the name of the command; "" without one
 * @param message - of the parser
 */
export function optionHint(
  program: string,
  command: string,
  words: readonly string[],
  message: string,
): string | null {
  const [, option] = /unknown option '([^'=]+)/.exec(message) ?? [];
  if (option === undefined) return null;
  const meant = OPTION_SYNONYMS[command]?.[option];
  if (meant === undefined) return null;
  const at = words.findIndex((word) => word === option || word.startsWith(`${option}=`));
  if (at === -1) return null;
  const value = words[at]!.slice(option.length + 1);
  const line = [...words.slice(0, at), ...meant, ...(value === "" ? [] : [value]), ...words.slice(at + 1)];
  return `type: ${shellLine([program, ...line])}`;
}
