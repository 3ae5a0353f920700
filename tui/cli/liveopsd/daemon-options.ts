/** The options with which `start` and `restart` start a daemon. */
import { existsSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import type { DaemonOptions } from "../../../daemon/start-words.js";
import {
  DEFAULT_LOG_LEVEL,
  isLogLevel,
  LOG_LEVELS,
  type LogLevel,
} from "../../../protocol/system/log-level.js";
import { type ReportTo, say } from "../../kit/report.js";
import { FEATURE_OPTIONS } from "./feature-options.js";

export interface StartOptions extends DaemonOptions {
  foreground?: boolean;
}

function isConcurrency(n: number): boolean {
  return Number.isInteger(n) && n >= 1 && n <= 1000;
}

/**
 * Reports the paths of `--ops` that do not exist. Not refused: they may be made later, and are read
 * each time.
 */
export function warnOfMissing({ ops = [] }: DaemonOptions, to: ReportTo): void {
  for (const dir of ops) {
    if (!existsSync(dir)) say(to, `--ops ${dir}: there is no such directory or file yet`, "yellow");
  }
}

/** Adds the flags with which a daemon is started. */
export function withDaemonFlags(command: Command): Command {
  command
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
    .option(
      "--run-queued",
      "Run the queued operations of a copied state directory, which are held otherwise",
    )
    .option(
      "--paused",
      "Pause all queues at the start: liveops resume --all starts their operations",
    );
  for (const { flags, description, parse } of Object.values(FEATURE_OPTIONS))
    command.option(flags, description, (text: string) => parse(text));
  return command;
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
