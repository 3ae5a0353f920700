/**
 * Reads a plain `submit` without commander: commander costs 0.27 of a bare Node start, and the whole submit may
 * cost 0.7.
 *
 * It reads only what it is sure of, and gives everything else (help, --wait, --follow, an unknown option, a missing
 * word) to commander by answering null. A test holds the two to the same reading.
 */
import type { SubmitOptions, SubmitWords } from "./words.js";

const WITH_VALUE = {
  "--socket": "socket",
  "--state-dir": "stateDir",
  "--label": "label",
  "--params": "params",
} as const;

export function quickWords(words: string[]): SubmitWords | null {
  if (words[0] !== "submit") return null;
  const options: SubmitOptions = {};
  const plain: string[] = [];
  for (let i = 1; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") return made(plain, words.slice(i + 1), options);
    if (!word.startsWith("-")) plain.push(word);
    else if (word === "--json") options.json = true;
    else if (Object.hasOwn(WITH_VALUE, word)) {
      const value = words[++i];
      if (value === undefined || (value.startsWith("-") && value !== "-")) return null;
      options[WITH_VALUE[word as keyof typeof WITH_VALUE]] = value;
    } else return null;
  }
  return made(plain, undefined, options);
}

function made(
  [op, ...set]: string[],
  trailing: string[] | undefined,
  options: SubmitOptions,
): SubmitWords | null {
  return op === undefined || op === "" ? null : { op, set, trailing, options };
}
