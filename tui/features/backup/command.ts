/** `liveops backup <dir>`: the daemon copies its state, and this command checks the copy. */
import { resolve } from "node:path";
import type { Command } from "commander";
import type { Client } from "../../../protocol/client/client.js";
import { commandPlaces } from "../../../protocol/client/daemon-address.js";
import { clientFor } from "../../../protocol/client/find-daemon.js";
import { Refusal } from "../../../protocol/errors.js";
import { EXIT } from "../../../protocol/exit-codes.js";
import { isStateDirChosen } from "../../../protocol/system/places.js";
import { daemonBundle } from "../../cli/liveopsd/daemon-bundle.js";
import { interruptible } from "../../kit/interruptible.js";
import { addDaemonCommand, allOptions, type GlobalOptions, reportTo } from "../../kit/options.js";
import { say } from "../../kit/report.js";

export function registerBackup(root: Command): void {
  const command = addDaemonCommand(
    root,
    "backup <dir>",
    "Copy the state of the running daemon to a new directory",
    ["liveops backup /backups/liveops-2026-11-25", "liveops backup --json ./backup"],
    "none",
  );
  command
    .option("--json", "Print the summary as JSON")
    .addHelpText(
      "after",
      "\nWhere no daemon runs, copy the state directory with cp -a. To restore a copy, stop the daemon and copy it back.",
    )
    .action(async (given: string) => {
      const options = allOptions<GlobalOptions & { json?: boolean }>(command);
      const dir = resolve(given);
      const places = await commandPlaces(options);
      const client = clientFor(places, options);
      if (isStateDirChosen(options, process.env, places.config)) await checkStateDir(client, places.stateDir);
      const summary = await interruptible(
        () => `interrupted; nothing was left in ${dir}`,
        (signal) => client.backup({ dir }, signal),
      );
      const { layoutOf, scan } = daemonBundle();
      const damaged = scan(layoutOf(dir)).filter(({ state }) => state === "damaged");
      for (const { what } of damaged) say(reportTo(root), `the backup is damaged: ${what}`);
      if (damaged.length > 0) process.exitCode = EXIT.failed;
      process.stdout.write(`${options.json ? JSON.stringify(summary) : dir}\n`);
    });
}

/** A socket may be that of another daemon than the state directory. */
async function checkStateDir(client: Client, wanted: string): Promise<void> {
  const { socket, stateDir: its } = await client.daemon();
  if (its === wanted) return;
  throw new Refusal(
    "LIVEOPS_WRONG_STATE",
    `the daemon on ${socket} keeps its state in ${its}, not in ${wanted}; name the daemon's socket with --socket`,
    {},
    { status: 409, title: "Not backed up" },
  );
}
