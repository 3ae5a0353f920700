/** `liveops last`: prints the id of the newest operation. */
import type { Command } from "commander";
import { NotFoundError } from "../../../protocol/failures.js";
import { connectFor } from "../../cli/connection.js";
import { addCommand } from "../../kit/options.js";
import { printLines } from "../../kit/output/print.js";

export function registerLast(root: Command): void {
  addCommand(root, "last", "Print the id of the newest operation", [
    "liveops last",
    "liveops last --op backup | xargs liveops logs",
  ])
    .option("--op <type>", "The newest of this type")
    .action(async (_options: unknown, command: Command) => {
      const { client, options } = await connectFor<{ op?: string }>(command);
      const { op } = options;
      const { operations } = await client.list({ ...(op !== undefined && { op }), limit: 1 });
      const [newest] = operations;
      if (newest === undefined)
        throw new NotFoundError(
          op === undefined ? "there is no operation" : `there is no operation of ${op}`,
        );
      printLines([newest.id]);
    });
}
