/** `liveops rm`: removes finished operations and their logs. Prints the removed ids. */
import type { Command } from "commander";
import type { Client } from "../../protocol/client/client.js";
import { UsageError } from "../../protocol/command/failures.js";
import { addCommand, reportTo } from "../../protocol/command/options.js";
import { isFinal, STATES } from "../../protocol/state.js";
import { connect, forEachId } from "./connection.js";

/** Largest page that the daemon returns. */
const PAGE = 1000;

export function registerRm(root: Command): void {
  addCommand(root, "rm", "Remove finished operations and their logs", [
    "liveops rm k3f x81",
    "liveops rm --finished",
  ])
    .argument("[id...]", "Operation ids, or unique prefixes of 3 or more characters")
    .option("--finished", "Remove all finished operations")
    .action(async (ids: string[], _options: unknown, command: Command) => {
      const { client, options } = connect<{ finished?: boolean }>(command);
      if (options.finished ? ids.length > 0 : ids.length === 0) {
        throw new UsageError(
          "give the ids of the operations to remove, or --finished for all finished operations",
          "liveops rm k3f",
        );
      }
      const names = options.finished ? await finished(client) : ids;
      process.exitCode = await forEachId(names, reportTo(command.parent!), async (name) => {
        const { id } = await client.remove(name);
        process.stdout.write(`${id}\n`);
      });
    });
}

/** Reads all ids before the first removal, because each removal shifts the pages. */
async function finished(client: Client): Promise<string[]> {
  const ids: string[] = [];
  let before: string | undefined;
  for (;;) {
    const page = await client.list({
      state: STATES.filter(isFinal),
      limit: PAGE,
      ...(before !== undefined && { before }),
    });
    ids.push(...page.operations.map((it) => it.id));
    if (page.next === null) return ids;
    before = page.next;
  }
}
