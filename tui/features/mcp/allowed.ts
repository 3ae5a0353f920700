/** Which commands `run_command` may run: `--allow 'npm test'`, `--allow 'make *'`. */
import { Refusal } from "../../../protocol/errors.js";
import { count } from "../../../protocol/text/count.js";

/** Words that need a shell to mean what they say, outside of single quotes. */
const NEEDS_SHELL = /[|&;<>()$`\\"*?[\]#~={}!]/;

/**
 * The words of a command, where no shell is needed to read it; null: it needs one.
 *
 * Single quotes keep what they hold. Nothing else is read: what is allowed is exactly what runs.
 */
export function wordsOf(command: string): string[] | null {
  if (/[\n\r]/.test(command)) return null;
  const words: string[] = [];
  for (const [, quoted, plain = ""] of command.matchAll(/'([^']*)'(?=\s|$)|([^\s]+)/g)) {
    if (quoted === undefined && (NEEDS_SHELL.test(plain) || plain.includes("'"))) return null;
    words.push(quoted ?? plain);
  }
  return words.length > 0 ? words : null;
}

/** Whether the words are those of the rule: all of them, or more where the rule ends in `*`. */
function fits(rule: string, words: readonly string[]): boolean {
  const wanted = rule.split(/\s+/).filter(Boolean);
  const isOpen = wanted.at(-1) === "*";
  const first = isOpen ? wanted.slice(0, -1) : wanted;
  return (isOpen || words.length === first.length) && first.every((word, i) => words[i] === word);
}

/**
 * The words to run, without a shell in between.
 *
 * @throws Refusal where no rule allows the command
 */
export function allowedWords(
  command: string | readonly string[],
  rules: readonly string[],
): string[] {
  const words = typeof command === "string" ? wordsOf(command) : [...command];
  if (words !== null && rules.some((rule) => fits(rule, words))) return words;
  const all = rules.map((rule) => JSON.stringify(rule)).join(", ");
  const why =
    words === null
      ? "it needs a shell, and the server allows single commands"
      : "no rule allows it";
  throw new Refusal(
    "LIVEOPS_BAD_REQUEST",
    `the command may not run: ${why}; the server allows ${count(rules.length, "command")}: ${all}`,
  );
}
