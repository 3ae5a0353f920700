/** `liveops backup <dir>`: the daemon copies its state, and this command checks the copy. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { daemonClient } from "../../../protocol/client/find-daemon.js";
import { EXIT } from "../../../protocol/exit-codes.js";
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
      "\nWhere no daemon runs, cp -a of the state directory does the same. A copy is put back by cp -a.",
    )
    .action(async (given: string) => {
      const options = allOptions<GlobalOptions & { json?: boolean }>(command);
      const dir = resolve(given);
      // A large state takes longer than any other request.
      const client = await daemonClient(options, { request: Number.POSITIVE_INFINITY });
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
