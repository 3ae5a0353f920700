/** `liveopsd start`. */
import type { Command } from "commander";
import { addCommand, allOptions, reportTo } from "../../protocol/command/options.js";
import { withDaemonFlags } from "./daemon-flags.js";
import type { StartOptions } from "./daemon-options.js";
import { startDaemon } from "./start-daemon.js";

export function registerStart(root: Command): void {
  const command = addCommand(root, "start", "Start the daemon; return when it answers", [
    "liveopsd start",
    "liveopsd start --ops ./ops --concurrency 4",
    "liveopsd start --foreground --log-level debug",
  ]);
  withDaemonFlags(command)
    .option("--foreground", "Stay in this process and log to stderr too")
    .action(async () => {
      process.exitCode = await startDaemon(allOptions<StartOptions>(command), reportTo(root));
    });
}
