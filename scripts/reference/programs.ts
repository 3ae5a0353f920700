/** The command trees of the three programs, for what the build generates from them. */
import type { Command } from "commander";
import { commandTree as operationTree } from "../../tui/cli/commands.js";
import { daemonTree } from "../../tui/cli/liveopsd/commands.js";
import { tuiCommand } from "../../tui/dashboard/arguments.js";

export async function programs(): Promise<Command[]> {
  return [await operationTree(), await daemonTree(), tuiCommand(async () => {})];
}
