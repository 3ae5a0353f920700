/**
 * Reads a command line that is not complete: which command, what stands before the cursor, what the
 * cursor is on.
 */
import type { CommandEntry, OptionEntry, Table, Value } from "../../kit/command-table.js";

export interface Given {
  value: Value;
  text: string;
}

/** What the word at the cursor may be. */
export interface Question {
  program: CommandEntry;
  command: CommandEntry;
  /** Whether the name of a subcommand fits. */
  takesCommand: boolean;
  /** Options that fit; empty if the word is a value. */
  options: OptionEntry[];
  /** Null: no value fits. */
  value: Value | null;
  /** The part of the word before the text to complete, such as `--queue=` or `queued,`. */
  kept: string;
  /** The text to complete. */
  text: string;
  /** The arguments before. */
  args: Given[];
  /** Values of the options before, by the first name of the option. */
  values: Map<string, string>;
}

const FILE: Value = { of: "file" };
const TEXT: Value = { of: "text" };

/**
 * @param words - from the name of the program to the word at the cursor, without quotes
 * @returns null if the program is not in the table
 */
export function readLine(table: Table, words: readonly string[]): Question | null {
  const at = words.findIndex((word) => !/^\w+=/.test(word));
  const name = words[at]?.split("/").at(-1);
  const program = table.find((each) => each.name === name);
  if (!program || at === words.length - 1) return null;
  const before = new Before(program);
  for (const word of words.slice(at + 1, -1)) before.take(word);
  return before.ask(words.at(-1)!);
}

/** The words before the cursor. */
class Before {
  #command: CommandEntry;
  #args: Given[] = [];
  readonly #used = new Set<OptionEntry>();
  readonly #values = new Map<string, string>();
  /** The option whose value is the next word. */
  #open: OptionEntry | null = null;
  #isTrailing = false;

  constructor(readonly program: CommandEntry) {
    this.#command = program;
  }

  take(word: string): void {
    if (this.#isTrailing) return;
    if (this.#open !== null) {
      this.#give(this.#open, word);
      this.#open = null;
    } else if (word === "--") this.#isTrailing = true;
    else if (word.startsWith("-") && word !== "-") this.#takeOption(word);
    else this.#takeArgument(word);
  }

  ask(word: string): Question {
    const question: Question = {
      program: this.program,
      command: this.#command,
      takesCommand: false,
      options: [],
      value: null,
      kept: "",
      text: word,
      args: this.#args,
      values: this.#values,
    };
    const assigned = /^(--[^=]+)=/.exec(word);
    if (this.#isTrailing) return { ...question, value: FILE };
    if (this.#open !== null) return withList({ ...question, value: this.#open.value ?? null });
    if (assigned) {
      const value = this.#find(assigned[1]!)?.value ?? null;
      return withList({
        ...question,
        value,
        kept: assigned[0],
        text: word.slice(assigned[0].length),
      });
    }
    const options = this.#command.options.filter(
      (each) => each.repeatable || !this.#used.has(each),
    );
    if (word.startsWith("-")) return { ...question, options };
    const value = this.#nextArgument()?.value ?? null;
    const takesCommand = this.#args.length === 0 && this.#command.commands.length > 0;
    const isEnd = value === null && !takesCommand && word === "";
    return withList({ ...question, takesCommand, value, options: isEnd ? options : [] });
  }

  #takeOption(word: string): void {
    const [name = "", assigned] = word.startsWith("--") ? split(word, "=") : [word];
    const option = this.#find(name);
    if (option) {
      if (assigned !== undefined) this.#give(option, assigned);
      else if (option.value) this.#open = option;
      this.#used.add(option);
      return;
    }
    // Short options in one word: `-fn`, `-n20`.
    for (let i = 1; !word.startsWith("--") && i < word.length; i++) {
      const short = this.#find(`-${word[i]}`);
      if (!short) return;
      this.#used.add(short);
      if (!short.value) continue;
      if (i === word.length - 1) this.#open = short;
      else this.#give(short, word.slice(i + 1));
      return;
    }
  }

  #takeArgument(word: string): void {
    const sub = this.#command.commands.find(({ name }) => name === word);
    if (sub && this.#args.length === 0) this.#command = sub;
    else this.#args.push({ value: this.#nextArgument()?.value ?? TEXT, text: word });
  }

  #nextArgument() {
    const { arguments: declared } = this.#command;
    const last = declared.at(-1);
    return declared[this.#args.length] ?? (last?.variadic ? last : undefined);
  }

  #give(option: OptionEntry, text: string): void {
    this.#used.add(option);
    this.#values.set(option.names[0]!, text);
  }

  #find(name: string): OptionEntry | undefined {
    return this.#command.options.find(({ names }) => names.includes(name));
  }
}

/** Completes the last item of a comma-separated list. */
function withList(question: Question): Question {
  const { value, kept, text } = question;
  if (value === null || !("list" in value)) return question;
  const cut = text.lastIndexOf(",") + 1;
  return { ...question, kept: kept + text.slice(0, cut), text: text.slice(cut) };
}

function split(text: string, separator: string): [string, string?] {
  const cut = text.indexOf(separator);
  return cut === -1 ? [text] : [text.slice(0, cut), text.slice(cut + 1)];
}
