/**
 * The parameters that a pipeline gives to another operation: `then`, and the operations inside of
 * it.
 */
import type { TemplateValue } from "../definition.js";
import { fill, fillEntries, namesIn, onlyName, type Scope, type Value } from "../template.js";
import type { CommandContext } from "./command.js";

interface Given {
  /** JSON. A secret is its reference. */
  params: Record<string, unknown>;
  /**
   * `name=value`: text that the schema of the other operation reads, as it reads a command line.
   */
  words: string[];
}

/**
 * A parameter alone that is no text keeps its type. All other values with names are text.
 *
 * @param key - for an error: `then.with`
 * @throws Error for a text with a secret in it; ValueError for a name without a value
 */
export function givenOf(
  { file, params }: Pick<CommandContext, "file" | "params">,
  entries: ReadonlyMap<string, TemplateValue>,
  scope: Scope,
  key: string,
): Given {
  const declared = new Map(file.pipeline.params.map((param) => [param.name, param]));
  const words: string[] = [];
  const values = new Map(entries);
  for (const [name, value] of entries) {
    const only = value.kind === "text" ? onlyName(value.text) : null;
    const names = namesIn(value);
    if (only !== null && declared.get(only)?.secret) {
      values.set(name, { kind: "text", text: [{ text: String(params[only]) }] });
      continue;
    }
    const secret = names.find((each) => declared.get(each)?.secret);
    if (secret !== undefined)
      throw new Error(
        `${key}.${name} contains the secret ${secret}, and parameters are stored in clear`,
      );
    const type = only === null ? "string" : (declared.get(only)?.type ?? "string");
    if (value.kind !== "text" || names.length === 0 || type !== "string") continue;
    values.delete(name);
    const told: Value = only === null ? fill(value.text, scope) : scope.valueOf(only);
    for (const each of [told ?? []].flat()) words.push(`${name}=${each}`);
  }
  return { params: fillEntries(values, scope), words };
}
