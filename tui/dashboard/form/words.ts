/** A form's values as the words of a shell, `name=value`, that the daemon reads to the very same values. */
import { branches, type JsonSchema } from "../../../protocol/json-schema.js";

/** The words for a value; null where no word can name the parameter. */
export function wordsFor(
  name: string,
  value: unknown,
  schema: JsonSchema,
  root: JsonSchema,
): string[] | null {
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}_-]*$/u.test(name)) return null;
  const exact = [`${name}:=${JSON.stringify(value)}`];
  const wanted = branches(schema, root);
  const only = (...types: string[]) => wanted.every(({ type }) => types.includes(type as string));
  if (typeof value === "string") return only("string") ? [`${name}=${value}`] : exact;
  if (typeof value === "number") {
    // A bare word of so many digits is refused: it may not be what was meant.
    const isPlain = Number.isSafeInteger(value) || !Number.isInteger(value);
    return isPlain && only("number", "integer", "null") ? [`${name}=${JSON.stringify(value)}`] : exact;
  }
  if (typeof value === "boolean") return only("boolean", "null") ? [`${name}=${value}`] : exact;
  if (Array.isArray(value) && value.length > 0 && only("array")) {
    const texts = value.every((item) => typeof item === "string" && !/^\s*\[/.test(item));
    const items = wanted.map(({ items }) => items as JsonSchema | undefined);
    if (texts && items.every((item) => item !== undefined && plainText(item, root)))
      return value.map((item) => `${name}=${item}`);
  }
  return exact;
}

function plainText(schema: JsonSchema, root: JsonSchema): boolean {
  return branches(schema, root).every(({ type }) => type === "string");
}

/** Words that a shell would act on, written without quotes. */
const OPERATORS = new Set(["&&", "||", "|", ";", "&", ">", ">>", "<", "2>", "2>&1"]);

export interface SplitText {
  readonly words: readonly string[];
  /** The first operator of a shell among them; null: none. */
  readonly operator: string | null;
}

/** A list as a shell splits it, with quotes and backslashes; nothing is expanded. Null where a quote is not closed yet. */
export function shellSplit(text: string): SplitText | null {
  const words: string[] = [];
  let operator: string | null = null;
  let word: string | null = null;
  let isQuoted = false;
  let quote: "'" | '"' | null = null;
  const end = () => {
    if (word === null) return;
    words.push(word);
    if (!isQuoted && OPERATORS.has(word)) operator ??= word;
    word = null;
    isQuoted = false;
  };
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (quote !== null && character === quote) quote = null;
    else if (quote === "'") word += character;
    else if (character === "\\" && (quote === null || /["\\$`]/.test(text[i + 1] ?? ""))) {
      if (text[i + 1] === undefined) return null;
      word = (word ?? "") + text[++i];
      isQuoted = true;
    } else if (quote === '"') word += character;
    else if (character === "'" || character === '"') {
      quote = character;
      isQuoted = true;
      word ??= "";
    } else if (/\s/.test(character)) end();
    else word = (word ?? "") + character;
  }
  if (quote !== null) return null;
  end();
  return { words, operator };
}
