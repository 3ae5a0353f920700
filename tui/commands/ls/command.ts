/** `liveops ls`: the live operations and the newest finished ones. */
import type { Command } from "commander";
import { addCommand, allOptions, reportTo } from "../../../protocol/command/options.js";
import { STATES } from "../../../protocol/state.js";
import { type ListOptions, list } from "./list.js";
import { DEFAULT_LIMIT } from "./listed.js";

export function registerLs(root: Command): void {
  addCommand(root, "ls", `List the live and the newest ${DEFAULT_LIMIT} operations`, [
    "liveops ls",
    "liveops ls --state failed,cancelled --op backup",
    "liveops ls --limit 100 --json | jq -r '.[].id'",
  ])
    .option("--state <states>", `List only these states, separated by commas: ${STATES.join(", ")}`)
    .option("--op <name>", "List only operations of this type")
    .option("--limit <n>", "List exactly the newest <n>, live or not")
    .option("--json", "Print a JSON array of records")
    .action(async (_options: unknown, command: Command) => {
      await list(allOptions<ListOptions>(command), reportTo(command.parent!), process.stdout);
    });
}
