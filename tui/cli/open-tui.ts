/** `liveops tui`: opens the dashboard, as `liveops-tui` does. */
import type { Command } from "commander";
import { useHost } from "../../protocol/command/host-option.js";
import { addCommand } from "../../protocol/command/options.js";
import { commandIndex } from "../../protocol/command/other-bin.js";
import { withTuiArguments } from "../dashboard/arguments.js";

export function registerTui(root: Command): void {
  const command = addCommand(root, "tui", "Open the dashboard (same as liveops-tui)", [
    "liveops tui",
    "liveops tui k3f",
    "liveops tui --host ssh://ann@box",
    "liveops tui --screen-reader",
  ]);
  useHost(withTuiArguments(command), "several").action(async () => {
    // `liveops-tui` parses the same words without the command's name.
    process.argv.splice(2 + commandIndex(process.argv.slice(2)), 1);
    await import(DASHBOARD);
  });
}

/** The bundle of the dashboard, next to ours. Reads the command line and starts when it is loaded. */
const DASHBOARD: string = "./tui.js";
