/** `liveops schema <name>`: prints the JSON Schema of a file that users write, for editors. */
import type { Command } from "commander";
import { configSchemaText } from "../../protocol/command/config-schema.js";
import { UsageError } from "../../protocol/command/failures.js";
import { addCommand } from "../../protocol/command/options.js";
import { getOwn } from "../../protocol/get-own.js";
import { nearest } from "../../protocol/nearest.js";
import { pipelineSchemaText } from "../../protocol/pipeline-schema.js";

const SCHEMAS: Record<string, () => string> = { config: configSchemaText, pipeline: pipelineSchemaText };
const NAMES = Object.keys(SCHEMAS);

export function registerSchema(root: Command): void {
  addCommand(root, "schema", "Print the JSON Schema of the config file or of a pipeline file", [
    "liveops schema config > ~/.config/liveops/config.schema.json",
    "liveops schema pipeline > pipeline.schema.json",
  ])
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
