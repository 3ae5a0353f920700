/** The flags with which a daemon is started, for commander. */
import { type Command, InvalidArgumentError } from "commander";
import { isConcurrency } from "./daemon-options.js";

export function withDaemonFlags(command: Command): Command {
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
  if (!isConcurrency(n)) throw new InvalidArgumentError("It must be a whole number from 1 to 1000.");
  return n;
}
