/**
 * `liveops cancel`: cancels operations. Returns when the request is recorded; with --wait, when
 * they are finished.
 */
import type { Command } from "commander";
import { UsageError } from "../../protocol/failures.js";
import type { Operation } from "../../protocol/operation.js";
import { isFinal } from "../../protocol/state.js";
import { interruptible } from "../kit/interruptible.js";
import { addCommand, everyday } from "../kit/options.js";
import { printLines } from "../kit/output/print.js";
import { connectFor } from "./connection.js";
import { LIVE_STATES } from "./list-pages.js";
import {
  addSelectionOptions,
  changeAll,
  givenSelection,
  type SelectionOptions,
} from "./selection.js";

interface CancelOptions extends SelectionOptions {
  wait?: boolean;
}

export function registerCancel(root: Command): void {
  const cancel = addCommand(root, "cancel", "Cancel operations", [
    "liveops cancel k3f",
    "liveops cancel --op backup --state queued",
    "liveops cancel k3f x81 --wait",
  ]);
  addSelectionOptions(cancel, "queued and running operations", LIVE_STATES)
    .option("--session <name>", "All queued and running operations that this session submitted")
    .argument("[id...]", "Operation ids, unique prefixes of 3 or more characters, or labels")
    .option("--wait", "Wait for operations to finish")
    .action(async (named: string[], _options: unknown, command: Command) => {
      const { client, options, to } = await connectFor<CancelOptions>(command);
      const selection = { verb: "cancel", states: LIVE_STATES, to };
      const selected = givenSelection(named, options, selection);
      if (selected === null)
        throw new UsageError(
          "give the ids of the operations to cancel, or --all, --op, --label …",
          "liveops cancel k3f; for a list that may be empty: xargs -r liveops cancel",
        );
      const print = ({ id }: Operation, state: string) => printLines([`${id} ${state}`]);
      const asked: string[] = [];
      process.exitCode = await changeAll(
        client.cancelAll(selected),
        selected,
        selection,
        (operation) => {
          const { id, state } = operation;
          if (options.wait && !isFinal(state)) asked.push(id);
          else print(operation, isFinal(state) ? state : "cancelling");
        },
      );
      if (asked.length === 0) return;
      const { untilFinished } = await import("../../protocol/client/until-finished.js");
      const { lostNotes } = await import("./follow/notes.js");
      await interruptible(
        () => `interrupted; the cancel stays recorded for ${asked.join(" ")}`,
        async (signal) => {
          await Promise.all(
            asked.map(async (id) => {
              const last = await untilFinished(client, id, {
                signal,
                chain: false,
                ...lostNotes(to),
              });
              print(last, last.state);
            }),
          );
        },
      );
    });
  everyday(cancel, ["--all", "--state", "--op", "--label", "--wait"]);
}
