/** `liveops run`: an operation in this process, in text mode, without a daemon. */
import type { Command } from "commander";
import { addCommand, allOptions } from "../../../protocol/command/options.js";
import { trailingWords } from "../trailing.js";
import { type RunOptions, runWords } from "./words.js";

export function registerRun(root: Command): void {
  addCommand(root, "run", "Run an operation here, in text mode, without the daemon", [
    "liveops run backup source=. target=/tmp/backups",
    "liveops run --ops . import-users count=5",
    "liveops run shell -- make -j4",
  ])
    .usage("[options] <op> [name=value...] [-- ARG...]")
    .argument("<op>", "name of the operation type")
    .argument("[name=value...]", "parameters; name:=JSON says a value exactly")
    .option("--params <json>", "parameters as a JSON object, @file, or - for stdin; words come on top")
    .option("--label <text>", "a text to tell it by")
    .option("--ops <dir>", "a directory of operations, before all others (repeatable)", collect)
    .option("--json", "a fact or log line a line")
    .action((op: string, set: string[], _options: unknown, command: Command) =>
      runWords({ op, set, trailing: trailingWords(), options: allOptions<RunOptions>(command) }),
    );
}

function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}
