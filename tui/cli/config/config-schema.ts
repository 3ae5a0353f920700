/** The JSON Schema of the config file, made from the tables of `config.ts`. Editors use it to check and complete. */

import { SCHEMA_KEY, SETTINGS } from "../../../protocol/system/config-settings.js";
import { LIMITS } from "../../../protocol/system/config-types.js";

export function configSchema(): Record<string, unknown> {
  const properties: Record<string, unknown> = {
    [SCHEMA_KEY]: { type: "string", description: "Path or URL of this schema, for editors" },
  };
  for (const [name, { description, schema }] of Object.entries(SETTINGS))
    properties[name] = { ...schema, description: plain(description) };
  for (const [name, limit] of Object.entries(LIMITS)) {
    const { min, max, default: value, description } = limit;
    properties[name] = {
      type: "integer",
      minimum: min,
      maximum: max,
      default: value,
      description: plain(description),
    };
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Config file of liveops",
    type: "object",
    properties,
    additionalProperties: false,
  };
}

/** The text as it is published: `docs/config.schema.json` and `liveops schema config`. */
export function configSchemaText(): string {
  return `${JSON.stringify(configSchema(), null, 2)}\n`;
}

/** Without the links and code marks of Markdown. */
function plain(markdown: string): string {
  return markdown.replace(/\[([^\]]+)\]\([^)]*\)/g, "$1").replaceAll("`", "");
}
