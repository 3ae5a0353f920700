/** The quick way of `start`, for the command and for the process it starts: without commander. */
import { startCommand } from "../../protocol/command/looked-for.js";
import { GLOBAL, quickOptions } from "../../protocol/command/quick-options.js";
import { endQuietlyOnClosedPipe } from "../../protocol/command/quiet-end.js";
import { report } from "../../protocol/command/report.js";
import { isConcurrency, type StartOptions } from "./daemon-options.js";
import { startDaemon } from "./start-daemon.js";

const WITH_VALUE = { ...GLOBAL, "--concurrency": "concurrency" };
const LISTS = { "--ops": "ops" };
const FLAGS = { "--foreground": "foreground" };

/** Null: commander reads it. */
export function quickStart([command, ...words]: string[]): StartOptions | null {
  if (command !== "start") return null;
  const read = quickOptions(words, { withValue: WITH_VALUE, flags: FLAGS, lists: LISTS });
  if (!read || read.plain.length > 0 || read.trailing !== undefined) return null;
  const { concurrency, ...options } = read.options;
  if (concurrency === undefined) return options;
  return isConcurrency(Number(concurrency)) ? { ...options, concurrency: Number(concurrency) } : null;
}

export async function startQuickly(options: StartOptions): Promise<void> {
  const to = { program: "liveopsd", startCommand: startCommand(options), options };
  endQuietlyOnClosedPipe([process.stderr]);
  try {
    process.exitCode = await startDaemon(options, to);
  } catch (error) {
    process.exitCode = report(error, to);
  }
}
