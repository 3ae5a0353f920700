/**
 * A field of a form, made from a parameter's schema, and the value that its text means. Pure.
 *
 * What has no field of its own kind (objects, unions of several types) is typed as JSON.
 */
import { isDeeper, lossInText } from "../../../protocol/json-loss.js";
import {
  branches,
  fixedValues,
  type JsonSchema,
  objectShape,
  resolveRef,
} from "../../../protocol/json-schema.js";
import { MAX_DEPTH } from "../../../protocol/limits.js";
import { nearest } from "../../../protocol/nearest.js";
import { typeInWords } from "../../../protocol/parameters.js";
import { EMPTY_LINE, type LineEdit } from "../state/line-edit.js";
import { problemOf } from "./check.js";
import { shellSplit } from "./words.js";

export interface Field {
  readonly name: string;
  readonly kind: "text" | "number" | "choice" | "list" | "json";
  readonly schema: JsonSchema;
  readonly required: boolean;
  /** In words, for whoever fills it in. */
  readonly type: string;
  readonly description: string;
  /** What it is where nothing is typed, as it is typed; null where there is none. */
  readonly default: string | null;
  /** Of a choice. */
  readonly choices: readonly string[];
  readonly line: LineEdit;
}

/** What a field holds: nothing, a value, or a text that is none. */
export type Held = { unset: true } | { value: unknown } | { problem: string };

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
    kind: choices !== null ? "choice" : kindOf(property, root),
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
  const all = (...allowed: unknown[]) => types.size > 0 && [...types].every((type) => allowed.includes(type));
  if (all("string")) return "text";
  if (all("number", "integer")) return "number";
  if (!all("array")) return "json";
  const items = branches(schema, root).flatMap(({ items }) =>
    typeof items === "object" && items !== null ? branches(items as JsonSchema, root) : [{}],
  );
  return items.every(({ type }: JsonSchema) => type === "string") ? "list" : "json";
}

/** The texts of a boolean or of fixed values; null where any value will do. */
function choicesOf(schema: JsonSchema, root: JsonSchema): string[] | null {
  const options = branches(schema, root).filter(({ type }) => type !== "null");
  const each = options.map((option) => (option.type === "boolean" ? [true, false] : fixedValues(option)));
  return options.length === 0 || each.some((values) => values === null)
    ? null
    : each.flatMap((values) => values!.map(asTyped));
}

export function asTyped(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** What the field means now. */
export function heldBy(field: Field, root: JsonSchema): Held {
  const { text } = field.line;
  if (text === "") return field.required ? { problem: "required" } : { unset: true };
  const read = readText(field, root);
  if (!("value" in read)) return read;
  const problem = problemOf(read.value, field.schema, root);
  return problem === null ? read : { problem };
}

function readText({ kind, line: { text }, schema, choices }: Field, root: JsonSchema): Held {
  switch (kind) {
    case "text":
      return { value: text };
    case "number":
      return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text.trim())
        ? json(text.trim())
        : { problem: `must be a ${typeInWords(schema, root)}, e.g. 3` };
    case "choice": {
      const options = branches(schema, root);
      const fixed = options.flatMap((option) =>
        option.type === "boolean" ? [true, false] : (fixedValues(option) ?? []),
      );
      const value = fixed.find((allowed) => asTyped(allowed) === text);
      const near = nearest(text, choices, 1)[0];
      return value !== undefined
        ? { value }
        : { problem: `must be ${choices.join(" | ")}${near === undefined ? "" : `: ${near}?`}` };
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

function json(text: string): Held {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'must be JSON, such as {"name": "value"}' };
  }
  if (isDeeper(value, MAX_DEPTH)) return { problem: `is nested more than ${MAX_DEPTH} levels deep` };
  const loss = lossInText(text, value);
  return loss === null ? { value } : { problem: loss.problem };
}

/** The text after a key, "" for the default; null where the key means nothing. */
export function choiceAfter({ choices, required, line }: Field, key: string): string | null {
  const all = required ? choices : ["", ...choices];
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
  return [...from, ...all].find((choice) => choice.toLowerCase().startsWith(key.toLowerCase())) ?? null;
}
