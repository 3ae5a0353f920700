/** Changes one value of the text of a config file. All other text stays as it was typed. */
import { applyEdits, type FormattingOptions, modify } from "jsonc-parser/lib/esm/main.js";
import { UsageError } from "../../../protocol/failures.js";
import { isPlainObject } from "../../../protocol/objects.js";
import { configProblems, problemLine } from "../../../protocol/system/config.js";
import { positionOf } from "../../../protocol/system/config-position.js";
import { type ConfigKey, type ConfigValueSchema, valueAt } from "./config-keys.js";

/** A new config file. */
export const NEW_CONFIG = "{\n}\n";

/**
 * The typed word as a value of the setting: text where the setting takes only text, else JSON, else text.
 *
 * @param isJson the word is JSON for each setting
 * @throws UsageError where the word is not JSON and must be
 */
export function typedValue(word: string, schema: ConfigValueSchema, isJson: boolean): unknown {
  if (!isJson && takesOnlyText(schema)) return word;
  try {
    const value = JSON.parse(word);
    // The theme 16 is a name.
    return !isJson && names(schema).includes(word) ? word : value;
  } catch (error) {
    if (isJson) throw new UsageError(`the value is not valid JSON: ${(error as Error).message}`);
    return word;
  }
}

function takesOnlyText({ type, enum: choices }: ConfigValueSchema): boolean {
  return type === "string" || (choices?.every((choice) => typeof choice === "string") ?? false);
}

function names({ enum: choices = [], anyOf = [] }: ConfigValueSchema): unknown[] {
  return [...choices, ...anyOf.flatMap((each) => each.enum ?? [])].filter((each) => typeof each === "string");
}

/**
 * The text with the value set, or without the key where the value is undefined.
 *
 * @param text a JSON object
 * @returns the text, and lines about what was wrong before and still is
 * @throws UsageError where the text is no JSON, or the value does not fit
 */
export function changedText(
  text: string,
  { path }: Pick<ConfigKey, "path">,
  value: unknown,
  file: string,
): { text: string; problems: string[] } {
  const before = configProblems(text);
  if (!isObject(text)) throw new UsageError(before.map((each) => problemLine(file, each)).join("\n"));
  const formattingOptions = formatOf(text);
  const at = nestedIn(JSON.parse(text), path, value);
  const changed = applyEdits(text, modify(text, at.path, at.value, { formattingOptions }));
  const [name] = path;
  if (JSON.stringify(valueAt(JSON.parse(changed), path)) !== JSON.stringify(value)) {
    const first = positionOf(text, path, true);
    throw new UsageError(
      problemLine(file, { ...first, text: `${path.join(".")} stands twice: remove one of them` }),
    );
  }
  const known = new Set(before.map((each) => each.text));
  const problems = configProblems(changed);
  const own = problems.find((each) => !known.has(each.text) || each.text.startsWith(`${name} `));
  if (own !== undefined && value !== undefined) throw new UsageError(own.text);
  return { text: changed, problems: problems.map((each) => problemLine(file, each)) };
}

/** The edit, where a part of the path holds no object: the object replaces that value. */
function nestedIn(
  root: unknown,
  path: readonly string[],
  value: unknown,
): { path: string[]; value: unknown } {
  for (let n = 1; n < path.length; n++) {
    const current = valueAt(root, path.slice(0, n));
    if (current === undefined || isPlainObject(current)) continue;
    if (value === undefined) return { path: [...path], value };
    const inner = path.slice(n).reduceRight<unknown>((below, name) => ({ [name]: below }), value);
    return { path: path.slice(0, n), value: inner };
  }
  return { path: [...path], value };
}

function isObject(text: string): boolean {
  try {
    return isPlainObject(JSON.parse(text));
  } catch {
    return false;
  }
}

/** As the text is written: its indentation and its line ends. */
function formatOf(text: string): FormattingOptions {
  const [, indent = "  "] = /\n([ \t]+)"/.exec(text) ?? [];
  return {
    insertSpaces: !indent.startsWith("\t"),
    tabSize: indent.length,
    eol: text.includes("\r\n") ? "\r\n" : "\n",
  };
}
