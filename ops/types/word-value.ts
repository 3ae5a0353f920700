/**
 * Parses the value of a `name=value` argument with the schema of its parameter. Pure; used by
 * `words.ts`.
 */

import { MAX_DEPTH } from "../../protocol/limits.js";
import {
  branches,
  fixedValues,
  type JsonSchema,
  mayBe,
  objectShape,
} from "../../protocol/schema/json-schema.js";
import { asTyped, expected } from "../../protocol/schema/misfit.js";
import { isDeeper, lossInText } from "../../protocol/text/json-loss.js";
import { nearest } from "../../protocol/text/nearest.js";

export type Read = { value: unknown } | { problem: string };

/** JSON's own grammar of a number. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const TRUE = new Set(["true", "yes", "on"]);
const FALSE = new Set(["false", "no", "off"]);

/**
 * Whether the schema accepts only a list, so that an argument adds an item. If it also accepts a
 * scalar: false.
 */
export function takesList(schema: JsonSchema, root: JsonSchema): boolean {
  const wanted = branches(schema, root).filter((branch) => branch.type !== "null");
  return wanted.length > 0 && wanted.every((branch) => branch.type === "array");
}

/** The items that an argument adds to a list: one, or those of `[…]`. */
export function readItems(
  name: string,
  text: string,
  schema: JsonSchema,
  root: JsonSchema,
): { items: unknown[] } | { problem: string } {
  if (/^\s*\[[\s\S]*\]\s*$/.test(text)) {
    const list = parse(text);
    if (Array.isArray(list)) {
      const loss = lossInText(text, list);
      return loss === null ? { items: list } : { problem: `${name}: ${loss.problem}` };
    }
    return {
      problem: `${name}=${text} looks like a list but is not valid JSON; to pass this text as one item, write ${name}:=${JSON.stringify([text])}`,
    };
  }
  const read = readValue(name, text, itemSchema(schema, root), root);
  return "problem" in read ? read : { items: [read.value] };
}

/** The value of a text. */
export function readValue(name: string, text: string, schema: JsonSchema, root: JsonSchema): Read {
  const options = branches(schema, root);
  const fixed = options.flatMap((option) => fixedValues(option) ?? []);
  const named = fixed.find((value) => asTyped(value) === text);
  if (named !== undefined) return { value: named };

  const open = options.filter((option) => fixedValues(option) === null);
  if (open.some((option) => option.type === "null") && text === "null") return { value: null };
  const bool =
    open.some((option) => option.type === "boolean") || fixed.some((v) => typeof v === "boolean");
  if (bool && (TRUE.has(text) || FALSE.has(text))) return { value: TRUE.has(text) };
  const takesNumber = open.some((option) => isNumber(option));
  if (takesNumber && NUMBER.test(text)) {
    const number = Number(text);
    if (isExact(number, text)) return { value: number };
    if (!open.some(takesText))
      return { problem: `${name}: ${text} is too large to be kept exactly` };
  }
  for (const option of open) {
    const isShape =
      (option.type === "object" && /^\s*\{/.test(text)) ||
      (option.type === "array" && /^\s*\[/.test(text));
    const json = isShape ? parse(text) : undefined;
    if (json !== undefined) {
      const loss = lossInText(text, json);
      return loss === null ? { value: json } : { problem: `${name}: ${loss.problem}` };
    }
  }
  if (open.some(takesText)) return { value: text };
  return { problem: wrong(name, text, schema, root, { fixed, takesNumber }) };
}

function wrong(
  name: string,
  text: string,
  schema: JsonSchema,
  root: JsonSchema,
  { fixed, takesNumber }: { fixed: unknown[]; takesNumber: boolean },
): string {
  if (text === "") return `${name} is empty; it takes ${typed(schema, root)}`;
  const near = nearest(text, fixed.map(asTyped))[0];
  const hint = near === undefined ? "" : `. Did you mean ${near}?`;
  if (!takesNumber && fixed.length === 0 && objectShape(schema, root) !== null)
    return `${name} takes an object: write ${name}.NAME=value, or ${name}:={…}`;
  return `${name} takes ${typed(schema, root)}, not ${JSON.stringify(text)}${hint}`;
}

/** As it is typed. */
function typed(schema: JsonSchema, root: JsonSchema): string {
  const words = expected(schema, root);
  if (words === "a number" || words === "a whole number") return `${words}, like 3`;
  return words === "true or false" ? "true or false (or yes, no, on, off)" : words;
}

function itemSchema(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const items = branches(schema, root).flatMap((branch) => {
    const { items: rest, prefixItems } = branch;
    const first = Array.isArray(prefixItems) ? prefixItems : [];
    return typeof rest === "object" && rest !== null ? [...first, rest] : first;
  });
  if (items.length === 0) return {};
  return items.length === 1 ? items[0] : { anyOf: items };
}

/**
 * Whether the schema accepts text. A schema without a type does, because every argument is text.
 */
function takesText(option: JsonSchema): boolean {
  return option.type === undefined
    ? mayBe(option, "string") && !option.allOf
    : mayBe(option, "string");
}

function isNumber(option: JsonSchema): boolean {
  if (option.type === undefined) return false;
  return mayBe(option, "number") || mayBe(option, "integer");
}

/** Integers beyond 2^53 would change. */
function isExact(number: number, text: string): boolean {
  return Number.isFinite(number) && (!/^-?\d+$/.test(text) || Number.isSafeInteger(number));
}

function parse(text: string): unknown {
  try {
    const value = JSON.parse(text);
    return isDeeper(value, MAX_DEPTH) ? undefined : value;
  } catch {
    return undefined;
  }
}
