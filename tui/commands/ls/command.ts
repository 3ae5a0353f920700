/** `liveops ls`: the live operations and the newest finished ones. */
import type { Command } from "commander";
import { addCommand, allOptions, reportTo } from "../../../protocol/command/options.js";
import { STATES } from "../../../protocol/state.js";
import { type ListOptions, list } from "./list.js";
import { DEFAULT_LIMIT } from "./listed.js";

export function registerLs(root: Command): void {
  addCommand(root, "ls", `List operations: the live ones and the newest ${DEFAULT_LIMIT}`, [
    "liveops ls",
    "liveops ls --state failed,cancelled --op backup",
    "liveops ls --limit 100 --json | jq -r '.[].id'",
  ])
    .option("--state <states>", `only these, separated by commas: ${STATES.join(", ")}`)
    .option("--op <name>", "only operations of this type")
    .option("--limit <n>", "at most so many, the newest")
    .option("--json", "an array of records")
    .action(async (_options: unknown, command: Command) => {
      await list(allOptions<ListOptions>(command), reportTo(command.parent!), process.stdout);
    });
}
