/** The flags with which a daemon is started, by `start` and `restart`. */
import { type Command, InvalidArgumentError } from "commander";
import type { GlobalOptions } from "../../protocol/command/options.js";

export interface DaemonOptions extends GlobalOptions {
  ops?: string[];
  concurrency?: number;
}

export function withDaemonOptions(command: Command): Command {
  return command
    .option(
      "--ops <dir>",
      "a directory of operations; may be repeated",
      (dir: string, dirs: string[] = []) => [...dirs, dir],
    )
    .option(
      "--concurrency <n>",
      "operations that run at the same time (default: as many as cores, at least 2)",
      wholeNumber,
    );
}

function wholeNumber(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1 || n > 1000)
    throw new InvalidArgumentError("It must be a whole number from 1 to 1000.");
  return n;
}

/** The flags again as words, for the daemon's own process. */
export function asWords(options: DaemonOptions): string[] {
  const words: string[] = [];
  if (options.socket) words.push("--socket", options.socket);
  if (options.stateDir) words.push("--state-dir", options.stateDir);
  for (const dir of options.ops ?? []) words.push("--ops", dir);
  if (options.concurrency) words.push("--concurrency", String(options.concurrency));
  return words;
}
