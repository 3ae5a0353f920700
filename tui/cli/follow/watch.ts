/**
 * `liveops watch`: shows an operation in text mode, from its newest attempt, and follows its chain.
 */
import type { Command } from "commander";
import { addCommand } from "../../kit/options.js";
import { namedOrNewest } from "../arguments.js";
import { connectFor } from "../connection.js";
import { followInText } from "./in-text.js";

interface WatchOptions {
  allAttempts?: boolean;
  json?: boolean;
}

export function registerWatch(root: Command): void {
  addCommand(root, "watch", "Show an operation and its chain live in text mode", [
    "liveops watch",
    "liveops watch k3f",
    "liveops watch k3f --all-attempts",
    "liveops watch k3f --json | jq -c 'select(.type == \"stage:entered\")'",
  ])
    .argument(
      "[id]",
      "Operation id, a unique prefix of 3 or more characters, or a label (default: the newest)",
    )
    .option("--all-attempts", "Begin with the first attempt (default: with the newest)")
    .option("--json", "Print one JSON event per line, log lines included")
    .action(async (id: string | undefined, _options: unknown, command: Command) => {
      const { client, options, to } = await connectFor<WatchOptions>(command);
      const { json = false, allAttempts = false } = options;
      const operation = await namedOrNewest(client, id);
      process.exitCode = await followInText(
        client,
        operation,
        { json, exitStatus: false, allAttempts },
        to,
      );
    });
}
