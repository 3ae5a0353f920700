/** The JSON Schema of the config file, made from those of its settings. Editors use it to check and complete. */

import { SETTING_SCHEMAS } from "../../../protocol/system/config-settings.js";

export function configSchema(): Record<string, unknown> {
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Config file of liveops",
    type: "object",
    properties: SETTING_SCHEMAS,
    additionalProperties: false,
  };
  // Without the keywords of liveops.
  const text = JSON.stringify(schema, (key, value) =>
    key === "expected" ? undefined : key === "description" ? plain(value) : value,
  );
  return JSON.parse(text) as Record<string, unknown>;
}

/** The text as it is published: `docs/config.schema.json` and `liveops schema config`. */
export function configSchemaText(): string {
  return `${JSON.stringify(configSchema(), null, 2)}\n`;
}

/** Without the links and code marks of Markdown. */
function plain(markdown: string): string {
  return markdown.replace(/\[([^\]]+)\]\([^)]*\)/g, "$1").replaceAll("`", "");
}
