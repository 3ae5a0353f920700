/** `liveops retry`: runs a failed or cancelled operation again, as its next attempt. Prints the id. */
import type { Command } from "commander";
import { addCommand } from "../../protocol/command/options.js";
import { jsonLine } from "../terminal/json.js";
import { namedOrNewest } from "./arguments.js";
import { connectFor } from "./connection.js";

interface RetryOptions {
  from?: string;
  json?: boolean;
}

export function registerRetry(root: Command): void {
  addCommand(root, "retry", "Run a failed or cancelled operation again", [
    "liveops retry",
    "liveops retry k3f --from Archive",
    "liveops retry k3f --json | jq .attempt",
  ])
    .argument("[id]", "Operation id, or a unique prefix of 3 or more characters (default: the newest)")
    .option("--from <stage>", "Rerun from this stage (resumable types only)")
    .option("--json", "Print the record as JSON")
    .action(async (name: string | undefined, _options: unknown, command: Command) => {
      const { client, options } = connectFor<RetryOptions>(command);
      const id = name ?? (await namedOrNewest(client, undefined)).id;
      const operation = await client.retry(id, options.from);
      process.stdout.write(`${options.json ? jsonLine(operation) : operation.id}\n`);
    });
}
