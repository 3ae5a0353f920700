/**
 * A field of a form, made from a parameter's schema, and the value that its text means. Pure.
 *
 * What has no field of its own kind (objects, unions of several types) is typed as JSON.
 */

import { MAX_DEPTH } from "../../../protocol/limits.js";
import {
  branches,
  fixedValues,
  type JsonSchema,
  objectShape,
  resolveRef,
} from "../../../protocol/schema/json-schema.js";
import { asTyped, isSure, misfitOf } from "../../../protocol/schema/misfit.js";
import { typeInWords } from "../../../protocol/schema/parameters.js";
import { isDeeper, lossInText } from "../../../protocol/text/json-loss.js";
import { summarizeValue } from "../../../protocol/text/summarize-value.js";
import { EMPTY_LINE, type LineEdit } from "../text/line-edit.js";

export interface Field {
  readonly name: string;
  /** What the value is, beside the parameters; absent: the parameter of this name. */
  readonly role?: "label" | "done" | "all";
  readonly kind: "text" | "number" | "choice" | "list" | "json";
  readonly schema: JsonSchema;
  readonly required: boolean;
  /** The type in words, for the person who fills in the field. */
  readonly type: string;
  readonly description: string;
  /** The default as typed text; null: there is none. */
  readonly default: string | null;
  /** Values to choose from. */
  readonly choices: readonly unknown[];
  readonly line: LineEdit;
}

/**
 * What a field holds: nothing, a value, or a text that is none. `isSure`: the daemon takes the
 * value.
 */
export type Held = { unset: true } | { value: unknown; isSure: boolean } | { problem: string };

export function fieldsOf(schema: JsonSchema | null): Field[] {
  const shape = schema === null ? null : objectShape(schema, schema);
  if (schema === null || shape === null) return [];
  return [...shape.properties].map(([name, property]) => {
    const resolved = resolveRef(property, schema);
    const required = shape.required.has(name) && resolved.default === undefined;
    return { ...fieldOf(name, property, schema), required };
  });
}

function fieldOf(name: string, property: JsonSchema, root: JsonSchema): Field {
  const resolved = resolveRef(property, root);
  const choices = choicesOf(property, root);
  return {
    name,
    kind: choices === null ? kindOf(property, root) : "choice",
    schema: property,
    required: false,
    type: typeInWords(property, root),
    description: typeof resolved.description === "string" ? resolved.description : "",
    default: resolved.default === undefined ? null : asTyped(resolved.default),
    choices: choices ?? [],
    line: EMPTY_LINE,
  };
}

function kindOf(schema: JsonSchema, root: JsonSchema): Field["kind"] {
  const types = new Set(branches(schema, root).map(({ type }) => type));
  types.delete("null");
  const all = (...allowed: unknown[]) =>
    types.size > 0 && [...types].every((type) => allowed.includes(type));
  if (all("string")) return "text";
  if (all("number", "integer")) return "number";
  if (!all("array")) return "json";
  const items = branches(schema, root).flatMap(({ items }) =>
    typeof items === "object" && items !== null ? branches(items as JsonSchema, root) : [{}],
  );
  return items.every(({ type }: JsonSchema) => type === "string") ? "list" : "json";
}

/** The values of a boolean, or fixed ones; null where any value will do. */
function choicesOf(schema: JsonSchema, root: JsonSchema): unknown[] | null {
  const options = branches(schema, root).filter(({ type }) => type !== "null");
  const each = options.map((option) =>
    option.type === "boolean" ? [true, false] : fixedValues(option),
  );
  return options.length === 0 || each.some((values) => values === null)
    ? null
    : each.flatMap((values) => [...values!]);
}

/** The present value of the field. */
export function heldBy(field: Field, root: JsonSchema): Held {
  const { text } = field.line;
  if (text === "") return field.required ? { problem: "required" } : { unset: true };
  const read = readText(field, root);
  if (!("value" in read)) return read;
  const { value } = read;
  const problem = problemOf(value, field, root);
  return problem === null ? { value, isSure: isSure(value, field.schema, root) } : { problem };
}

/** In the words of the daemon. */
function problemOf(value: unknown, { schema }: Field, root: JsonSchema): string | null {
  const misfit = misfitOf(value, schema, root);
  if (misfit === null) return null;
  const { text, at, expected } = misfit;
  return expected === undefined || at.length > 0
    ? text
    : `takes ${expected}, not ${summarizeValue(value)}`;
}

type Read = { value: unknown } | { problem: string };

function readText(field: Field, root: JsonSchema): Read {
  const { text } = field.line;
  const wrong = () => ({ problem: problemOf(text, field, root) ?? "is not valid" });
  switch (field.kind) {
    case "text":
      return { value: text };
    case "number":
      return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text.trim())
        ? json(text.trim())
        : wrong();
    case "choice": {
      const value = field.choices.find((allowed) => asTyped(allowed) === text);
      return value !== undefined ? { value } : wrong();
    }
    case "list": {
      if (text.trimStart().startsWith("[")) return json(text);
      const split = shellSplit(text);
      if (split === null) return { problem: "a quote is not closed" };
      const { words, operator } = split;
      return operator === null
        ? { value: [...words] }
        : { problem: `no shell reads ${operator}: quote it, or use sh -c '…'` };
    }
    case "json":
      return json(text);
  }
}

function json(text: string): Read {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'must be JSON, such as {"name": "value"}' };
  }
  if (isDeeper(value, MAX_DEPTH))
    return { problem: `is nested more than ${MAX_DEPTH} levels deep` };
  const loss = lossInText(text, value);
  return loss === null ? { value } : { problem: loss.problem };
}

/** The text after a key, "" for the default; null where the key means nothing. */
export function choiceAfter({ choices, required, line }: Field, key: string): string | null {
  const texts = choices.map(asTyped);
  const all = required ? texts : ["", ...texts];
  const at = all.indexOf(line.text);
  const round = (by: number) => all[(at + by + all.length) % all.length]!;
  switch (key) {
    case " ":
    case "rightArrow":
      return round(1);
    case "leftArrow":
      return at === -1 ? all.at(-1)! : round(-1);
    case "backspace":
    case "delete":
    case "^u":
      return "";
  }
  if ([...key].length !== 1) return null;
  const from = all.slice(at + 1);
  return (
    [...from, ...all].find((choice) => choice.toLowerCase().startsWith(key.toLowerCase())) ?? null
  );
}

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
    // The parser refuses a plain word that a double cannot hold exactly.
    const isPlain = Number.isSafeInteger(value) || !Number.isInteger(value);
    return isPlain && only("number", "integer", "null")
      ? [`${name}=${JSON.stringify(value)}`]
      : exact;
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

/**
 * A list as a shell splits it, with quotes and backslashes; nothing is expanded. Null where a quote
 * is not closed yet.
 */
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
    else if (!isQuoted && word.endsWith(";")) operator ??= ";";
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
