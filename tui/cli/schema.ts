/** `liveops schema <name>`: prints the JSON Schema of a file that users write, for editors. */
import { Argument, type Command } from "commander";
import { configSchemaText } from "../../protocol/command/config-schema.js";
import { addCommand } from "../../protocol/command/options.js";

const SCHEMAS: Record<string, () => string> = { config: configSchemaText };

export function registerSchema(root: Command): void {
  addCommand(root, "schema", "Print the JSON Schema of the config file", [
    "liveops schema config > ~/.config/liveops/config.schema.json",
  ])
    .addArgument(new Argument("<name>", "What the schema describes").choices(Object.keys(SCHEMAS)))
    .action((name: string) => {
      process.stdout.write(SCHEMAS[name]!());
    });
}
