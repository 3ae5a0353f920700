/** `liveops backup <dir>` and `liveops restore <dir>`. A daemon that answers makes the backup, else this command. */

import { resolve } from "node:path";
import type { Command } from "commander";
import type { Client } from "../../../protocol/client/client.js";
import { clientFor } from "../../../protocol/client/find-daemon.js";
import { Refusal } from "../../../protocol/errors.js";
import { count } from "../../../protocol/text/count.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { daemonBundle } from "../../cli/liveopsd/daemon-bundle.js";
import { answering } from "../../cli/liveopsd/other-daemon.js";
import { interruptible } from "../../kit/interruptible.js";
import {
  addDaemonCommand,
  allOptions,
  commandPlaces,
  type GlobalOptions,
  reportTo,
} from "../../kit/options.js";
import { fullTime } from "../../kit/output/time.js";
import { say } from "../../kit/report.js";

/** Milliseconds between two progress lines if stderr is not a terminal. */
const EVERY_MS = 5000;

/** The progress of a backup or a restore on stderr: one line redrawn on a terminal, else a line every few seconds. */
class ProgressLine {
  #last = performance.now();
  #isDrawn = false;

  constructor(
    private readonly verb: string,
    private readonly stderr: Pick<NodeJS.WriteStream, "write" | "isTTY"> = process.stderr,
  ) {}

  show({ files, bytes }: { files: number; bytes: number }): void {
    const now = performance.now();
    const every = this.stderr.isTTY ? 100 : EVERY_MS;
    if (now - this.#last < every) return;
    this.#last = now;
    const text = `${this.verb} ${count(files, "file")}, ${megabytes(bytes)}`;
    if (this.stderr.isTTY) this.stderr.write(`\r${text}\u001b[K`);
    else this.stderr.write(`liveopsd: ${text}\n`);
    this.#isDrawn = this.stderr.isTTY === true;
  }

  end(): void {
    if (this.#isDrawn) this.stderr.write("\r\u001b[K");
  }
}

/** `1.2 MB` */
function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

interface BackupSummary {
  dir: string;
  /** ISO 8601. */
  at: string;
  files: number;
  bytes: number;
}

export function registerBackup(root: Command): void {
  const command = addDaemonCommand(
    root,
    "backup <dir>",
    "Copy the state to a new directory; the daemon may keep running",
    ["liveops backup /backups/liveops-2026-11-25", "liveops backup --json ./backup"],
    "none",
  );
  command.option("--json", "Print the summary as JSON").action(async (given: string) => {
    const options = allOptions<GlobalOptions & { json?: boolean }>(command);
    const started = performance.now();
    const summary = await backup(resolve(given), options).catch((error: unknown) => {
      if (!(error instanceof daemonBundle().BackupError)) throw error;
      say(reportTo(root), error.message);
      process.exitCode = error.exitCode;
    });
    if (!summary) return;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stderr.write(
      `liveopsd: backed up ${count(summary.files, "file")}, ${megabytes(summary.bytes)} in ${seconds} s\n`,
    );
    process.stdout.write(`${options.json ? JSON.stringify(summary) : summary.dir}\n`);
  });
}

async function backup(dir: string, options: GlobalOptions): Promise<BackupSummary> {
  const progress = new ProgressLine("backing up:");
  try {
    return await interruptible(
      () => `interrupted; nothing was left in ${dir}`,
      (signal) => backUpTo(dir, options, signal, progress),
    );
  } finally {
    progress.end();
  }
}

async function backUpTo(
  dir: string,
  options: GlobalOptions,
  signal: AbortSignal,
  progress: ProgressLine,
): Promise<BackupSummary> {
  const places = await commandPlaces(options);
  const { stateDir } = places;
  const client = clientFor(places, options);
  const daemon = await answering(client);
  if (daemon) {
    const isChosen = options.stateDir !== undefined || process.env.LIVEOPS_STATE_DIR !== undefined;
    if (isChosen && daemon.stateDir !== stateDir) throw otherState(daemon.socket, daemon.stateDir, stateDir);
    return byDaemon(client, dir, signal, progress);
  }
  const { backUpWithoutDaemon } = daemonBundle();
  const { at, files, bytes } = await backUpWithoutDaemon(stateDir, {
    dir,
    signal,
    onProgress: (now) => progress.show(now),
  });
  return { dir, at, files, bytes };
}

async function byDaemon(
  client: Client,
  dir: string,
  signal: AbortSignal,
  progress: ProgressLine,
): Promise<BackupSummary> {
  for await (const line of client.backup({ dir }, signal)) {
    if (line.type === "progress") progress.show(line);
    if (line.type === "done") return { dir: line.dir, at: line.at, files: line.files, bytes: line.bytes };
  }
  throw new Error("the daemon did not report how the backup ended; run liveops backup again");
}

function otherState(socket: string, has: string, wanted: string): Refusal {
  return new Refusal(
    "LIVEOPS_WRONG_STATE",
    `the daemon on ${socket} keeps its state in ${has}, not in ${wanted}; name the daemon's socket with --socket`,
    {},
    { status: 409, title: "Not backed up" },
  );
}

/** `liveops restore <dir> [--force]`: replaces the state directory with a backup. */
export function registerRestore(root: Command): void {
  const command = addDaemonCommand(
    root,
    "restore <dir>",
    "Check a backup and make it the state directory",
    [
      "liveops restore /backups/liveops-2026-11-25",
      "liveops restore --force ./backup   # moves the current state aside",
    ],
    "none",
  );
  command
    .option("--force", "Move an existing state directory to <state dir>.replaced-N")
    .option("--accept-damage", "Restore the intact parts of a damaged backup")
    .option("--json", "Print the summary as JSON")
    .action(async (given: string) => {
      const options = allOptions<GlobalOptions & { force?: boolean; acceptDamage?: boolean; json?: boolean }>(
        command,
      );
      // A restore replaces the state directory, so an invalid config file must not select another one.
      const { stateDir } = await commandPlaces(options, process.env, "throw");
      const { BackupError, restore } = daemonBundle();
      const progress = new ProgressLine("restoring:");
      try {
        const { manifest, findings, replaced, original } = await interruptible(
          () => "interrupted; nothing was restored",
          (signal) =>
            restore({
              from: resolve(given),
              stateDir,
              force: options.force === true,
              acceptDamage: options.acceptDamage === true,
              signal,
              onProgress: (now) => progress.show(now),
            }),
        );
        progress.end();
        const problems = findings.filter(({ state }) => state !== "ok");
        for (const { state, what } of problems)
          process.stderr.write(`liveopsd: ${state}: ${sanitize(what)}\n`);
        if (replaced) process.stderr.write(`liveopsd: the previous state is in ${sanitize(replaced)}\n`);
        if (original)
          process.stderr.write(
            `liveopsd: ${sanitize(original)} is in use: its queued operations are held in the restored state\n`,
          );
        process.stderr.write(
          `liveopsd: restored the state of ${sanitize(fullTime(manifest.at, "absolute", Date.now()))}; start the daemon with: liveops start\n`,
        );
        const summary = { stateDir, at: manifest.at, replaced, original, findings: problems };
        process.stdout.write(`${options.json ? JSON.stringify(summary) : stateDir}\n`);
      } catch (error) {
        progress.end();
        if (!(error instanceof BackupError)) throw error;
        say(reportTo(root), error.message);
        process.exitCode = error.exitCode;
      }
    });
}
