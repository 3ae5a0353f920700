/**
 * Reads plain options without commander: commander costs 0.27 of a bare Node start, and a whole `submit` may cost 0.5.
 *
 * It reads only what it is sure of, and leaves everything else (help, an unknown option, a missing word) to commander
 * by answering null. Tests hold the two to the same reading.
 */

/** The long option and the name it goes by. */
export type OptionNames = Readonly<Record<string, string>>;

export interface QuickOptions {
  options: Record<string, string | true | string[]>;
  plain: string[];
  /** What followed `--`; undefined where there was none. */
  trailing: string[] | undefined;
}

/** Options of every command. */
export const GLOBAL = { "--socket": "socket", "--state-dir": "stateDir" };

export function quickOptions(
  words: string[],
  { withValue, flags, lists = {} }: { withValue: OptionNames; flags: OptionNames; lists?: OptionNames },
): QuickOptions | null {
  const options: QuickOptions["options"] = {};
  const plain: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") return { options, plain, trailing: words.slice(i + 1) };
    if (!word.startsWith("-")) plain.push(word);
    else if (Object.hasOwn(flags, word)) options[flags[word]!] = true;
    else {
      const value = words[++i];
      if (value === undefined || (value.startsWith("-") && value !== "-")) return null;
      if (Object.hasOwn(withValue, word)) options[withValue[word]!] = value;
      else if (Object.hasOwn(lists, word)) {
        const name = lists[word]!;
        options[name] = [...((options[name] as string[] | undefined) ?? []), value];
      } else return null;
    }
  }
  return { options, plain, trailing: undefined };
}
