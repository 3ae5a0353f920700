/** `liveops tui`: opens the dashboard, as `liveops-tui` does. */
import type { Command } from "commander";
import { withTuiArguments } from "../dashboard/arguments.js";
import { addCommand, commandIndex } from "../kit/options.js";
import { compileCache } from "./liveopsd/daemon-bundle.js";

export function registerTui(root: Command): void {
  const command = addCommand(root, "tui", "Open the dashboard, as liveops does without a command", [
    "liveops tui",
    "liveops tui k3f",
    "liveops tui --host ssh://ann@box",
    "liveops tui --screen-reader",
  ]);
  withTuiArguments(command).action(async () => {
    // `liveops-tui` parses the same words without the command's name.
    process.argv.splice(2 + commandIndex(process.argv.slice(2)), 1);
    await openDashboard();
  });
}

/**
 * The bundle of the dashboard, next to ours. It waits while it is loaded, so that it cannot be
 * required.
 */
const DASHBOARD = "./tui.js";

/** Whether the dashboard can be drawn. */
export function hasTerminal(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY && process.env.TERM !== "dumb";
}

/** The dashboard reads the command line of this process, and starts when it is loaded. */
export async function openDashboard(): Promise<void> {
  await compileCache().importModule(DASHBOARD);
}
