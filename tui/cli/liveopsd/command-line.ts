/** The commands of `liveopsd`: loads only the command that was typed. Help and an unknown name load all commands. */
import type { Command } from "commander";
import { EXIT } from "../../../protocol/exit-codes.js";
import { nameHint } from "../../kit/name-hints.js";
import { commandIndex, rootCommand, runRoot } from "../../kit/options.js";
import { say } from "../../kit/report.js";
import type { Commands } from "../command-line.js";

/** In the order of `--help`. */
const COMMANDS: Commands = {
  start: async () => (await import("./start.js")).registerStart,
  stop: async () => (await import("./stop.js")).registerStop,
  restart: async () => (await import("./restart.js")).registerRestart,
  reload: async () => (await import("./reload.js")).registerReload,
  status: async () => (await import("./status.js")).registerStatus,
  install: async () => (await import("./install.js")).registerInstall,
  uninstall: async () => (await import("./uninstall.js")).registerUninstall,
  drain: async () => (await import("./drain.js")).registerDrain,
  logs: async () => (await import("./logs.js")).registerLogs,
  doctor: async () => (await import("./doctor.js")).registerDoctor,
  backup: async () => (await import("./backup.js")).registerBackup,
  restore: async () => (await import("./backup.js")).registerRestore,
  audit: async () => (await import("./audit.js")).registerAudit,
  fleet: async () => (await import("./fleet.js")).registerFleet,
};

/** The tree of these commands. Default: all. */
export async function commandTree(loaders = Object.values(COMMANDS)): Promise<Command> {
  const root = rootCommand("liveopsd", "The daemon that runs long operations and keeps their state");
  for (const load of loaders) (await load())(root);
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
  const name = words[commandIndex(words)];
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const hint = name === undefined || command ? null : nameHint("liveopsd", words);
  if (hint !== null) {
    say({ program: "liveopsd" }, hint);
    process.exitCode = EXIT.usage;
    return;
  }
  await runRoot(await commandTree(command && [command]), words);
}
