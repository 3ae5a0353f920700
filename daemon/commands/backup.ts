/** `liveopsd backup <dir>`: by the daemon where one answers, else by this command. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { Client } from "../../protocol/client/client.js";
import { InterruptedError } from "../../protocol/command/failures.js";
import {
  addCommand,
  allOptions,
  commandPlaces,
  type GlobalOptions,
  reportTo,
} from "../../protocol/command/options.js";
import { say } from "../../protocol/command/report.js";
import { Refusal } from "../../protocol/errors.js";
import { answering } from "./answering.js";
import { interruptSignal, megabytes, ProgressLine } from "./copy-progress.js";
import { daemonBundle } from "./daemon-bundle.js";

interface BackupSummary {
  dir: string;
  /** ISO 8601. */
  at: string;
  files: number;
  bytes: number;
}

export function registerBackup(root: Command): void {
  const command = addCommand(
    root,
    "backup <dir>",
    "Copy the state into a new directory; the daemon may run meanwhile",
    ["liveopsd backup /backups/liveops-2026-11-25", "liveopsd backup --json ./backup"],
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
      `liveopsd: backed up ${summary.files} files, ${megabytes(summary.bytes)} in ${seconds} s\n`,
    );
    process.stdout.write(`${options.json ? JSON.stringify(summary) : summary.dir}\n`);
  });
}

async function backup(dir: string, options: GlobalOptions): Promise<BackupSummary> {
  const { socket, stateDir } = commandPlaces(options);
  const progress = new ProgressLine("backing up:");
  const interrupt = interruptSignal(() => new InterruptedError(`interrupted; nothing was left in ${dir}`));
  const { signal } = interrupt;
  try {
    const client = new Client(socket);
    const daemon = await answering(client);
    if (daemon) {
      const isChosen = options.stateDir !== undefined || process.env.LIVEOPS_STATE_DIR !== undefined;
      if (isChosen && daemon.stateDir !== stateDir) throw otherState(socket, daemon.stateDir, stateDir);
      return await byDaemon(client, dir, signal, progress);
    }
    const { backUpWithoutDaemon } = daemonBundle();
    const { at, files, bytes } = await backUpWithoutDaemon(stateDir, {
      dir,
      signal,
      onProgress: (now) => progress.show(now),
    });
    return { dir, at, files, bytes };
  } finally {
    progress.end();
    interrupt.done();
  }
}

async function byDaemon(
  client: Client,
  dir: string,
  signal: AbortSignal,
  progress: ProgressLine,
): Promise<BackupSummary> {
  for await (const line of client.backup(dir, signal)) {
    if (line.type === "progress") progress.show(line);
    if (line.type === "done") return { dir: line.dir, at: line.at, files: line.files, bytes: line.bytes };
  }
  throw new Error("the daemon did not say how the backup ended");
}

function otherState(socket: string, has: string, wanted: string): Refusal {
  return new Refusal(
    "LIVEOPS_WRONG_STATE",
    `the daemon on ${socket} keeps its state in ${has}, not in ${wanted}; name the daemon's socket with --socket`,
    {},
    { status: 409, title: "Not backed up" },
  );
}
