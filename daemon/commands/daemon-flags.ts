/** The flags with which a daemon is started, for commander. */
import { type Command, InvalidArgumentError } from "commander";
import {
  DEFAULT_LOG_LEVEL,
  isLogLevel,
  LOG_LEVELS,
  type LogLevel,
} from "../../protocol/command/log-level.js";
import { isConcurrency } from "./daemon-options.js";

export function withDaemonFlags(command: Command): Command {
  return command
    .option("--ops <dir>", "Directory of operations (repeatable)", (dir: string, dirs: string[] = []) => [
      ...dirs,
      dir,
    ])
    .option(
      "--concurrency <n>",
      "Operations that run at the same time (default: number of cores, at least 2)",
      wholeNumber,
    )
    .option(
      "--log-level <level>",
      `Level of the daemon's log: ${LOG_LEVELS.join(", ")} (default: ${DEFAULT_LOG_LEVEL})`,
      logLevel,
    );
}

function logLevel(text: string): LogLevel {
  if (!isLogLevel(text)) throw new InvalidArgumentError(`Choose one of: ${LOG_LEVELS.join(", ")}.`);
  return text;
}

function wholeNumber(text: string): number {
  const n = Number(text);
  if (!isConcurrency(n)) throw new InvalidArgumentError("It must be a whole number from 1 to 1000.");
  return n;
}
