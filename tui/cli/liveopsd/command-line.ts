/** All commands of `liveopsd`, parsed by commander. */
import type { Command } from "commander";
import { rootCommand, runRoot } from "../../kit/options.js";
import { reportOtherBin } from "../../kit/other-bin.js";
import { registerAudit } from "./audit.js";
import { registerBackup, registerRestore } from "./backup.js";
import { registerDoctor } from "./doctor.js";
import { registerDrain } from "./drain.js";
import { registerFleet } from "./fleet.js";
import { registerInstall } from "./install.js";
import { registerLogs } from "./logs.js";
import { registerReload } from "./reload.js";
import { registerRestart } from "./restart.js";
import { registerStart } from "./start.js";
import { registerStatus } from "./status.js";
import { registerStop } from "./stop.js";
import { registerUninstall } from "./uninstall.js";

export function commandTree(): Command {
  const root = rootCommand("liveopsd", "The daemon that runs long operations and keeps their state");
  for (const register of [
    registerStart,
    registerStop,
    registerRestart,
    registerReload,
    registerStatus,
    registerInstall,
    registerUninstall,
    registerDrain,
    registerLogs,
    registerDoctor,
    registerBackup,
    registerRestore,
    registerAudit,
    registerFleet,
  ])
    register(root);
  return root.addHelpText(
    "after",
    `
Examples:
  $ liveopsd start
  $ liveopsd status
  $ liveopsd logs -f
  $ liveopsd stop --now

Run liveopsd <command> --help for the options and examples of a command.
Operations have their own commands: liveops --help`,
  );
}

export async function runCommandLine(words: string[]): Promise<void> {
  const other = reportOtherBin("liveopsd", words);
  if (other !== null) {
    process.exitCode = other;
    return;
  }
  await runRoot(commandTree(), words);
}
