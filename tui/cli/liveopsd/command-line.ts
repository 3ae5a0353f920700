/** All commands of `liveopsd`, parsed by commander. */
import type { Command } from "commander";
import { EXIT } from "../../../protocol/exit-codes.js";
import { nameHint } from "../../kit/name-hints.js";
import { commandIndex, rootCommand, runRoot } from "../../kit/options.js";
import { say } from "../../kit/report.js";
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
  const root = commandTree();
  const name = words[commandIndex(words)];
  if (name !== undefined && !root.commands.some((command) => command.name() === name)) {
    const hint = nameHint("liveopsd", words);
    if (hint !== null) {
      say({ program: "liveopsd" }, hint);
      process.exitCode = EXIT.usage;
      return;
    }
  }
  await runRoot(root, words);
}
