/** `liveops retry`: runs a failed or cancelled operation again, as its next attempt. Prints the id. */
import type { Command } from "commander";
import { addCommand } from "../../protocol/command/options.js";
import { connect } from "./connection.js";

export function registerRetry(root: Command): void {
  addCommand(root, "retry", "Run a failed or cancelled operation again", [
    "liveops retry k3f",
    "liveops retry k3f --from Archive",
  ])
    .argument("<id>", "Operation id, or a unique prefix of 3 or more characters")
    .option("--from <stage>", "Rerun from this stage (resumable types only)")
    .action(async (name: string, _options: unknown, command: Command) => {
      const { client, options } = connect<{ from?: string }>(command);
      const { id } = await client.retry(name, options.from);
      process.stdout.write(`${id}\n`);
    });
}
