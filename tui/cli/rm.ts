/** `liveops rm`: removes finished and queued operations and their logs. Prints the removed ids. */
import type { Command } from "commander";
import { UsageError } from "../../protocol/command/failures.js";
import { addCommand, reportTo } from "../../protocol/command/options.js";
import { jsonLine } from "../terminal/json.js";
import { connectFor, forEachId } from "./connection.js";
import { FINISHED_STATES, listPages } from "./list-pages.js";

interface RemoveOptions {
  finished?: boolean;
  json?: boolean;
}

export function registerRm(root: Command): void {
  addCommand(root, "rm", "Remove finished or queued operations and their logs", [
    "liveops rm k3f x81",
    "liveops rm --finished",
    "liveops rm k3f --json | jq .result",
  ])
    .argument("[id...]", "Operation ids, or unique prefixes of 3 or more characters")
    .option("--finished", "Remove all finished operations")
    .option("--json", "Print the last record of each operation, one per line")
    .action(async (ids: string[], _options: unknown, command: Command) => {
      const { client, options } = connectFor<RemoveOptions>(command);
      if (options.finished ? ids.length > 0 : ids.length === 0) {
        throw new UsageError(
          "give the ids of the operations to remove, or --finished for all finished operations",
          "liveops rm k3f",
        );
      }
      // All ids are read before the first removal, because each removal shifts the pages.
      const names = options.finished
        ? (await listPages(client, { state: FINISHED_STATES })).operations.map(({ id }) => id)
        : ids;
      process.exitCode = await forEachId(names, reportTo(command.parent!), async (name) => {
        const operation = await client.remove(name);
        process.stdout.write(`${options.json ? jsonLine(operation) : operation.id}\n`);
      });
    });
}
