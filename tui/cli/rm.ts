/** `liveops rm`: removes finished and queued operations and their logs. Prints the removed ids. */
import type { Command } from "commander";
import { UsageError } from "../../protocol/failures.js";
import { addCommand, everyday } from "../kit/options.js";
import { printLines } from "../kit/output/print.js";
import { connectFor } from "./connection.js";
import { FINISHED_STATES } from "./list-pages.js";
import {
  addSelectionOptions,
  changeAll,
  givenSelection,
  type SelectionOptions,
} from "./selection.js";

interface RemoveOptions extends SelectionOptions {
  finished?: boolean;
}

export function registerRm(root: Command): void {
  const rm = addCommand(root, "rm", "Remove finished or queued operations and their logs", [
    "liveops rm k3f x81",
    "liveops rm --finished",
    "liveops rm --state failed --older-than 7d",
  ]);
  addSelectionOptions(rm, "finished operations", FINISHED_STATES)
    .argument("[id...]", "Operation ids, unique prefixes of 3 or more characters, or labels")
    .option("--finished", "Remove all finished operations")
    .option(
      "--older-than <duration>",
      "All finished operations that finished longer ago than this: 1h, 7d",
    )
    .action(async (ids: string[], _options: unknown, command: Command) => {
      const { client, options, to } = await connectFor<RemoveOptions>(command);
      const { finished, ...selection } = options;
      const all = finished ? { ...selection, all: true } : selection;
      const kind = { verb: "rm", states: FINISHED_STATES, to };
      const selected = givenSelection(ids, all, kind);
      if (selected === null)
        throw new UsageError(
          "give the ids of the operations to remove, or --finished for all finished operations",
          "liveops rm k3f; for a list that may be empty: xargs -r liveops rm",
        );
      process.exitCode = await changeAll(
        client.removeAll(selected),
        selected,
        kind,
        (operation) => {
          printLines([operation.id]);
        },
      );
    });
  everyday(rm, ["--finished", "--state", "--op", "--label", "--older-than"]);
}
