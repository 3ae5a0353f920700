/** `liveops schema <name>`: prints the JSON Schema of a file that users write. */
import type { Command } from "commander";
import { UsageError } from "../../protocol/failures.js";
import { getOwn } from "../../protocol/objects.js";
import { pipelineSchemaText } from "../../protocol/pipeline/schema.js";
import { SETTING_SCHEMAS } from "../../protocol/system/config-settings.js";
import { nearest } from "../../protocol/text/nearest.js";
import { addCommand } from "../kit/options.js";

const SCHEMAS: Record<string, () => string> = {
  config: configSchemaText,
  pipeline: pipelineSchemaText,
};
const NAMES = Object.keys(SCHEMAS);

export function registerSchema(root: Command): void {
  addCommand(
    root,
    "schema",
    "Print a JSON Schema: of the config file or a pipeline file",
    [
      "liveops schema config > ~/.config/liveops/config.schema.json",
      "liveops schema pipeline > pipeline.schema.json",
    ],
    "none",
  )
    .argument("<name>", `What the schema describes: ${NAMES.join(", ")}`)
    .action((name: string) => {
      const text = getOwn(SCHEMAS, name);
      if (text !== undefined) return void process.stdout.write(text());
      const [near] = nearest(name, NAMES);
      const hint = near === undefined ? "" : `did you mean ${near}? `;
      throw new UsageError(
        `${JSON.stringify(name)} is not the name of a schema; ${hint}valid names: ${NAMES.join(", ")}`,
      );
    });
}

/**
 * The JSON Schema of the config file, made from those of its settings. Editors use it to check and
 * complete.
 */
export function configSchema(): Record<string, unknown> {
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Config file of liveops",
    type: "object",
    properties: SETTING_SCHEMAS,
    additionalProperties: false,
  };
  // Without the keywords of liveops.
  const text = JSON.stringify(schema, (key, value) => {
    if (key === "expected") return undefined;
    return key === "description" ? plain(value) : value;
  });
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
