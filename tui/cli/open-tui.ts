/** `liveops tui`: opens the dashboard, as `liveops-tui` does. */
import type { Command } from "commander";
import { addCommand, allOptions, type GlobalOptions } from "../../protocol/command/options.js";

export function registerTui(root: Command): void {
  addCommand(root, "tui", "Open the dashboard (same as liveops-tui)", ["liveops tui", "liveops tui k3f"])
    .argument("[id]", "Operation to open: its id, or a unique prefix of 3 or more characters")
    .action(async (id: string | undefined, _options: unknown, command: Command) => {
      const { socket, stateDir } = allOptions<GlobalOptions>(command);
      const words = [
        ...(socket === undefined ? [] : ["--socket", socket]),
        ...(stateDir === undefined ? [] : ["--state-dir", stateDir]),
        ...(id === undefined ? [] : [id]),
      ];
      process.argv.splice(2, Number.POSITIVE_INFINITY, ...words);
      await import(DASHBOARD);
    });
}

/** The bundle of the dashboard, next to ours. Reads the command line and starts when it is loaded. */
const DASHBOARD: string = "./tui.js";
