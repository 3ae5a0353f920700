/** `liveops wait`: waits until operations and their chains are finished. */
import type { Command } from "commander";
import { UsageError } from "../../protocol/command/failures.js";
import { addCommand, reportTo } from "../../protocol/command/options.js";
import { parseDuration } from "../../protocol/duration.js";
import { addExitStatus } from "./arguments.js";
import { connect } from "./connection.js";
import { waitForAll } from "./wait-for-all.js";

interface WaitOptions {
  timeout?: string;
  any?: boolean;
  exitStatus?: boolean;
}

export function registerWait(root: Command): void {
  const wait = addCommand(root, "wait", "Wait for operations and their chains to finish", [
    "liveops wait k3f",
    "liveops wait k3f x81 --timeout 10m",
    "liveops wait k3f x81 --any",
  ])
    .argument("<id...>", "Operation ids, or unique prefixes of 3 or more characters")
    .option(
      "--timeout <duration>",
      "Stop waiting after this time (such as 30, 30s, 10m or 1h30m) with exit code 124; operations continue",
    )
    .option("--any", "Wait only for the first operation to finish; the exit code is its outcome");
  addExitStatus(wait).action(async (ids: string[], _options: unknown, command: Command) => {
    const { client, options } = connect<WaitOptions>(command);
    process.exitCode = await waitForAll(client, ids, {
      timeoutSeconds: timeoutOf(options.timeout),
      any: options.any === true,
      exitStatus: options.exitStatus === true,
      to: reportTo(command.parent!),
    });
  });
}

function timeoutOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const seconds = parseDuration(text);
  if (seconds === null) {
    throw new UsageError(
      `--timeout: ${JSON.stringify(text)} is not a valid duration; give 30, 30s, 10m or 1h30m`,
    );
  }
  return seconds;
}
