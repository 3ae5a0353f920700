/**
 * Reads and fills templates: `$name` and `${name}` stand for a whole value, `$$` for a dollar. The
 * value is neither split nor read again, so a `$` or a space in it means nothing.
 */
import type { Template, TemplateValue } from "./definition.js";

/**
 * The parts; or why the text is not a template. Texts are never empty and never follow one another.
 */
export function parseTemplate(text: string): { template: Template } | { problem: string } {
  const parts: Array<{ text: string } | { name: string }> = [];
  let pending = "";
  const flush = () => {
    if (pending !== "") parts.push({ text: pending });
    pending = "";
  };
  // Sticky, so that a long text is read once.
  const token = new RegExp(TOKEN, "y");
  let at = 0;
  for (let dollar = text.indexOf("$"); dollar !== -1; dollar = text.indexOf("$", at)) {
    pending += text.slice(at, dollar);
    token.lastIndex = dollar;
    const [whole, braced, bare] = token.exec(text) ?? [];
    if (whole === undefined) return { problem: whyNot(text.slice(dollar)) };
    if (whole === "$$") pending += "$";
    else {
      flush();
      parts.push({ name: (braced ?? bare) as string });
    }
    at = dollar + whole.length;
  }
  pending += text.slice(at);
  flush();
  return { template: parts };
}

const TOKEN = /(?:\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*))/;

/** Found in a script or a text that was meant for another tool. */
export const FOREIGN = "${{";

/** What to write for `${{ … }}`. */
export const NO_EXPRESSIONS =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text that the author wrote
  '${{ }} does not exist here; a script reads each parameter and output as a variable: "$name"';

function whyNot(rest: string): string {
  if (rest.startsWith(FOREIGN)) return NO_EXPRESSIONS;
  if (rest.startsWith("${"))
    return `${JSON.stringify(rest.slice(0, 20))} is not a name; write \${name}, or $$ for a dollar`;
  if (rest.startsWith("$("))
    return "$( ) needs a shell; write run as a text instead of a list, or $$ for a dollar";
  return "a $ needs a name; write $name, or $$ for a dollar";
}

/** A value of a param or an output; undefined: an optional param without a value. */
export type Value = string | number | boolean | readonly string[] | undefined;

/**
 * A value that is missing or that no program can be given. The command that needs it adds its name
 * and place.
 */
export class ValueError extends Error {
  constructor(message: string) {
    super(message);
    // The stack shows only liveops.
    delete this.stack;
  }
}

/** Finds the value of a name. */
export interface Scope {
  /** @throws ValueError if the name has no value now, such as an output of a skipped stage */
  valueOf(name: string): Value;
}

/** Text as the environment of a program and the words of a command have it. */
export function textOf(value: Exclude<Value, undefined>): string {
  if (typeof value === "object") return value.join("\n");
  // `String` writes large numbers with an exponent, which no program reads as an integer.
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value).toString();
  return String(value);
}

/** @throws ValueError if a name has no value */
export function fill(template: Template, scope: Scope): string {
  return template
    .map((part) => {
      if ("text" in part) return part.text;
      const value = scope.valueOf(part.name);
      if (value === undefined)
        throw new ValueError(`$${part.name} has no value: give ${part.name}=…`);
      return textOf(value);
    })
    .join("");
}

/**
 * The words of a command. A list that is a word of its own becomes a word for each value.
 *
 * @throws ValueError if a name has no value
 */
export function fillWords(words: readonly Template[], scope: Scope): string[] {
  return words.flatMap((word) => {
    const name = onlyName(word);
    const value = name === null ? undefined : scope.valueOf(name);
    return typeof value === "object" ? value : [fill(word, scope)];
  });
}

/** A name stands for a text that is the same wherever the name is. */
export function signOf(template: Template): string {
  return template.map((part) => ("text" in part ? part.text : `\u0001${part.name}\u0001`)).join("");
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
 * The JSON value. A template that is one name keeps the type of its value; undefined if that has no
 * value, and lists and maps leave it out.
 *
 * @throws Error if a name within a text has no value
 */
export function fillValue(value: TemplateValue, scope: Scope): unknown {
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
