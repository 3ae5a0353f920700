/** `liveops wait`: waits until operations and their chains are finished. */
import type { Command } from "commander";
import { UsageError } from "../../../protocol/failures.js";
import { givenDuration } from "../../kit/given-duration.js";
import { addCommand, everyday } from "../../kit/options.js";
import type { OutputOptions } from "../../kit/output/options.js";
import { connectFor } from "../connection.js";
import { LIVE_STATES } from "../list-pages.js";
import { addSelectionOptions, hasSelection, type SelectionOptions, select } from "../selection.js";
import { waitForAll } from "./wait-for-all.js";

interface WaitOptions extends SelectionOptions, OutputOptions {
  timeout?: string;
  any?: boolean;
}

export function registerWait(root: Command): void {
  const wait = addCommand(root, "wait", "Wait for operations and their chains to finish", [
    "liveops wait",
    "liveops wait k3f x81 --timeout 10m",
    "liveops wait k3f x81 --any",
    "liveops wait --all",
  ])
    .argument(
      "[id...]",
      "Operation ids, unique prefixes of 3 or more characters, or labels (default: the newest)",
    )
    .option(
      "--timeout <duration>",
      "Stop waiting after this time (such as 30, 30s, 10m or 1h30m) with exit code 124, or 7 if only the answer of a person is missing; operations continue. 0: only look, do not wait",
    )
    .option("--any", "Wait only for the first operation to finish; the exit code is its outcome")
    .option("--json", "Print the last record of each chain, one per line");
  addSelectionOptions(wait, "operations that are queued or running now", LIVE_STATES).action(
    async (ids: string[], _options: unknown, command: Command) => {
      const { client, options, to } = await connectFor<WaitOptions>(command);
      const { timeout } = options;
      if (hasSelection(options) && ids.length > 0)
        throw new UsageError(
          "give ids, or options that select operations, not both",
          "liveops wait --all",
        );
      const all = hasSelection(options) ? await select(client, options, LIVE_STATES) : null;
      process.exitCode = await waitForAll(client, {
        ids,
        all,
        timeoutSeconds:
          timeout === undefined
            ? null
            : givenDuration("--timeout", timeout, "30, 30s, 10m or 1h30m"),
        any: options.any === true,
        json: options.json === true,
        exitStatus: false,
        to,
      });
    },
  );
  everyday(wait, ["--timeout", "--any", "--all", "--op", "--label", "--json"]);
}
