/** Dotted keys of the config file: `concurrency`, `fleet.url`, `queues.gpu.concurrency`. */

import { UsageError } from "../../../protocol/failures.js";
import { getOwn } from "../../../protocol/objects.js";
import type { Config } from "../../../protocol/system/config-settings.js";
import { CONFIG_KEYS, SCHEMA_KEY, SETTING_SCHEMAS } from "../../../protocol/system/config-settings.js";
import { nearest } from "../../../protocol/text/nearest.js";

/** The part of JSON Schema that the settings use. */
export interface ConfigValueSchema {
  type?: string;
  enum?: readonly unknown[];
  pattern?: string;
  properties?: Record<string, ConfigValueSchema>;
  additionalProperties?: boolean | ConfigValueSchema;
  propertyNames?: { pattern: string };
  anyOf?: ConfigValueSchema[];
}

export interface ConfigKey {
  path: [keyof Config, ...string[]];
  schema: ConfigValueSchema;
}

/** The schema of the file. */
const WHOLE = { type: "object", properties: SETTING_SCHEMAS as Record<string, ConfigValueSchema> };

/** @throws UsageError for an unknown key, with the near ones */
export function configKey(text: string): ConfigKey {
  const path = text.split(".");
  let schema: ConfigValueSchema | undefined = WHOLE;
  for (const name of path) {
    schema = schema && memberOf(schema, name);
    if (schema === undefined) throw unknownKey(text);
  }
  return { path: path as ConfigKey["path"], schema: schema! };
}

/** Every key with a fixed name, for completion and suggestions. */
export function knownKeys(): string[] {
  return CONFIG_KEYS.flatMap((name) => {
    const members = Object.keys(tableOf(WHOLE.properties[name]!)?.properties ?? {});
    return [name, ...members.map((member) => `${name}.${member}`)];
  });
}

function memberOf(schema: ConfigValueSchema, name: string): ConfigValueSchema | undefined {
  const { properties = {}, additionalProperties, propertyNames } = tableOf(schema) ?? {};
  const known = getOwn(properties, name);
  if (known !== undefined) return known;
  if (typeof additionalProperties !== "object" || name === "") return undefined;
  if (propertyNames && !new RegExp(propertyNames.pattern).test(name)) return undefined;
  return additionalProperties;
}

/** The form of the schema that is an object; undefined: the value is none. */
function tableOf(schema: ConfigValueSchema): ConfigValueSchema | undefined {
  return [schema, ...(schema.anyOf ?? [])].find(({ type }) => type === "object");
}

function unknownKey(text: string): UsageError {
  const known = [...knownKeys(), SCHEMA_KEY];
  const [first = ""] = text.split(".");
  if (first === "queues" && text.includes("."))
    return new UsageError(
      `there is no setting ${JSON.stringify(text)}`,
      "write queues.NAME.concurrency; the name of a queue has lower-case letters, digits and -, such as gpu",
    );
  const near = nearest(text, known);
  const isTable = known.some((key) => key.startsWith(`${first}.`));
  const names =
    near.length > 0
      ? near
      : isTable
        ? known.filter((key) => key.startsWith(`${first}.`))
        : nearest(first, known);
  return new UsageError(
    `there is no setting ${JSON.stringify(text)}`,
    names.length > 0 ? `did you mean ${names.join(", ")}?` : "liveops config lists the settings",
  );
}

/** The value at a path; undefined where there is none. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (held, name) =>
      typeof held === "object" && held !== null ? getOwn(held as Record<string, unknown>, name) : undefined,
    value,
  );
}
