/** The options with which `start` and `restart` start a daemon. */
import { type Command, InvalidArgumentError } from "commander";
import type { GlobalOptions } from "../../protocol/command/daemon-address.js";
import {
  DEFAULT_LOG_LEVEL,
  isLogLevel,
  LOG_LEVELS,
  type LogLevel,
} from "../../protocol/command/log-level.js";

export interface DaemonOptions extends GlobalOptions {
  ops?: string[];
  concurrency?: number;
  logLevel?: LogLevel;
  runQueued?: boolean;
  paused?: boolean;
}

export interface StartOptions extends DaemonOptions {
  foreground?: boolean;
}

function isConcurrency(n: number): boolean {
  return Number.isInteger(n) && n >= 1 && n <= 1000;
}

/** The options as command-line words, for the daemon's own process. */
export function asWords(options: DaemonOptions): string[] {
  const words: string[] = [];
  if (options.socket) words.push("--socket", options.socket);
  if (options.stateDir) words.push("--state-dir", options.stateDir);
  for (const dir of options.ops ?? []) words.push("--ops", dir);
  if (options.concurrency) words.push("--concurrency", String(options.concurrency));
  if (options.logLevel) words.push("--log-level", options.logLevel);
  if (options.runQueued) words.push("--run-queued");
  if (options.paused) words.push("--paused");
  return words;
}

/** Adds the flags with which a daemon is started. */
export function withDaemonFlags(command: Command): Command {
  return command
    .option(
      "--ops <path>",
      "Directory of operation files, or one file (repeatable)",
      (path: string, paths: string[] = []) => [...paths, path],
    )
    .option(
      "--concurrency <n>",
      "Operations of the default queue that run at the same time (default: number of cores, at least 2)",
      wholeNumber,
    )
    .option(
      "--log-level <level>",
      `Level of the daemon's log: ${LOG_LEVELS.join(", ")} (default: ${DEFAULT_LOG_LEVEL})`,
      logLevel,
    )
    .option("--run-queued", "Run the queued operations of a copied state directory, which are held otherwise")
    .option("--paused", "Pause all queues at the start: liveops resume --all starts their operations");
}

function logLevel(text: string): LogLevel {
  if (!isLogLevel(text)) throw new InvalidArgumentError(`Choose one of: ${LOG_LEVELS.join(", ")}.`);
  return text;
}

function wholeNumber(text: string): number {
  const n = Number(text);
  if (!isConcurrency(n)) throw new InvalidArgumentError("Give a whole number from 1 to 1000.");
  return n;
}
