/** `liveops schema <name>`: prints the JSON Schema of a file that users write or get. */
import type { Command } from "commander";
import { UsageError } from "../../protocol/failures.js";
import { getOwn } from "../../protocol/objects.js";
import { pipelineSchemaText } from "../../protocol/pipeline/schema.js";
import { nearest } from "../../protocol/text/nearest.js";
import { addCommand } from "../kit/options.js";
import { configSchemaText } from "./config/config-schema.js";

/** A bundle of its own, because zod would slow down the start of every command. */
const BUNDLE: string = "./schemas.js";

const SCHEMAS: Record<string, () => string | Promise<string>> = {
  config: configSchemaText,
  pipeline: pipelineSchemaText,
  export: async () => ((await import(BUNDLE)) as typeof import("../export/schema.js")).exportSchemaText(),
};
const NAMES = Object.keys(SCHEMAS);

export function registerSchema(root: Command): void {
  addCommand(root, "schema", "Print a JSON Schema: of the config file, a pipeline file or an exported run", [
    "liveops schema config > ~/.config/liveops/config.schema.json",
    "liveops schema pipeline > pipeline.schema.json",
    "liveops schema export > export.schema.json",
  ])
    .argument("<name>", `What the schema describes: ${NAMES.join(", ")}`)
    .action(async (name: string) => {
      const text = getOwn(SCHEMAS, name);
      if (text !== undefined) return void process.stdout.write(await text());
      const [near] = nearest(name, NAMES);
      const hint = near === undefined ? "" : `did you mean ${near}? `;
      throw new UsageError(
        `${JSON.stringify(name)} is not the name of a schema; ${hint}valid names: ${NAMES.join(", ")}`,
      );
    });
}
