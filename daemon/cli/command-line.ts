/** All commands of `liveopsd`, parsed by commander. */
import type { Command } from "commander";
import { rootCommand, runRoot } from "../../protocol/command/options.js";
import { registerAudit } from "./audit.js";
import { registerBackup, registerRestore } from "./backup.js";
import { registerDoctor } from "./doctor.js";
import { registerLogs } from "./logs.js";
import { registerRestart } from "./restart.js";
import { registerStart } from "./start.js";
import { registerStatus } from "./status.js";
import { registerStop } from "./stop.js";

export function commandTree(): Command {
  const root = rootCommand("liveopsd", "The daemon that runs long operations and keeps their state");
  for (const register of [
    registerStart,
    registerStop,
    registerRestart,
    registerStatus,
    registerLogs,
    registerDoctor,
    registerBackup,
    registerRestore,
    registerAudit,
  ])
    register(root);
  return root;
}

export async function runCommandLine(words: string[]): Promise<void> {
  await runRoot(commandTree(), words);
}
