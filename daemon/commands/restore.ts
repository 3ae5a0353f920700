/** `liveopsd restore <dir> [--force]`: puts a backup in the place of the state directory. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { InterruptedError } from "../../protocol/command/failures.js";
import {
  addCommand,
  allOptions,
  commandPlaces,
  type GlobalOptions,
  reportTo,
} from "../../protocol/command/options.js";
import { say } from "../../protocol/command/report.js";
import { sanitize } from "../../protocol/command/sanitize.js";
import { interruptSignal, ProgressLine } from "./copy-progress.js";
import { daemonBundle } from "./daemon-bundle.js";

export function registerRestore(root: Command): void {
  const command = addCommand(root, "restore <dir>", "Check a backup and make it the state directory", [
    "liveopsd restore /backups/liveops-2026-11-25",
    "liveopsd restore --force ./backup   # moves the current state aside",
  ]);
  command
    .option("--force", "Move an existing state directory to <state dir>.replaced-N")
    .option("--accept-damage", "Restore the intact parts of a damaged backup")
    .option("--json", "Print the summary as JSON")
    .action(async (given: string) => {
      const options = allOptions<GlobalOptions & { force?: boolean; acceptDamage?: boolean; json?: boolean }>(
        command,
      );
      const { stateDir } = commandPlaces(options);
      const { BackupError, restore } = daemonBundle();
      const progress = new ProgressLine("restoring:");
      const interrupt = interruptSignal(() => new InterruptedError("interrupted; nothing was restored"));
      try {
        const { manifest, findings, replaced } = await restore({
          from: resolve(given),
          stateDir,
          force: options.force === true,
          acceptDamage: options.acceptDamage === true,
          signal: interrupt.signal,
          onProgress: (now) => progress.show(now),
        });
        progress.end();
        const found = findings.filter(({ state }) => state !== "ok");
        for (const { state, what } of found) process.stderr.write(`liveopsd: ${state}: ${sanitize(what)}\n`);
        if (replaced) process.stderr.write(`liveopsd: the state before is in ${sanitize(replaced)}\n`);
        process.stderr.write(
          `liveopsd: restored the state of ${sanitize(manifest.at)}; start it with: liveopsd start\n`,
        );
        const summary = { stateDir, at: manifest.at, replaced, findings: found };
        process.stdout.write(`${options.json ? JSON.stringify(summary) : stateDir}\n`);
      } catch (error) {
        progress.end();
        if (!(error instanceof BackupError)) throw error;
        say(reportTo(root), error.message);
        process.exitCode = error.exitCode;
      } finally {
        interrupt.done();
      }
    });
}
