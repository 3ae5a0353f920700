/**
 * Fills templates. A name stands for a whole value: the value is neither split nor read again, so a `$` or a space in
 * it means nothing.
 */
import type { Template, TemplateValue } from "./definition.js";

/** A value of a param or an output; undefined: an optional param without a value. */
export type Value = string | number | boolean | undefined;

/** Finds the value of a name. */
export interface Scope {
  /** @throws Error if the name has no value now, such as an output of a skipped stage */
  valueOf(name: string): Value;
}

/** Text as the environment of a program and the words of a command have it. */
export function textOf(value: Exclude<Value, undefined>): string {
  // `String` writes large numbers with an exponent, which no program reads as an integer.
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value).toString();
  return String(value);
}

/** @throws Error if a name has no value */
export function fill(template: Template, scope: Scope): string {
  return template
    .map((part) => {
      if ("text" in part) return part.text;
      const value = scope.valueOf(part.name);
      if (value === undefined) throw new Error(`$${part.name} has no value: give ${part.name}=…`);
      return textOf(value);
    })
    .join("");
}

/** The name that a template consists of; null for any other template. */
export function onlyName(template: Template): string | null {
  const [part, ...rest] = template;
  return part !== undefined && rest.length === 0 && "name" in part ? part.name : null;
}

/** All names of a template. */
function namesOf(template: Template): string[] {
  return template.flatMap((part) => ("name" in part ? [part.name] : []));
}

/** All names in a value. */
export function namesIn(value: TemplateValue): string[] {
  switch (value.kind) {
    case "text":
      return namesOf(value.text);
    case "constant":
      return [];
    case "list":
      return value.items.flatMap(namesIn);
    case "map":
      return [...value.entries.values()].flatMap(namesIn);
  }
}

/**
 * The JSON value. A template that is one name keeps the type of its value; undefined if that has no value, and lists
 * and maps leave it out.
 *
 * @throws Error if a name within a text has no value
 */
function fillValue(value: TemplateValue, scope: Scope): unknown {
  switch (value.kind) {
    case "text": {
      const name = onlyName(value.text);
      return name === null ? fill(value.text, scope) : scope.valueOf(name);
    }
    case "constant":
      return value.value;
    case "list":
      return value.items.map((item) => fillValue(item, scope)).filter((item) => item !== undefined);
    case "map":
      return fillEntries(value.entries, scope);
  }
}

/** As `fillValue`, for the entries of a map. */
export function fillEntries(
  entries: ReadonlyMap<string, TemplateValue>,
  scope: Scope,
): Record<string, unknown> {
  const filled = [...entries].map(([key, each]) => [key, fillValue(each, scope)] as const);
  return Object.fromEntries(filled.filter(([, each]) => each !== undefined));
}
