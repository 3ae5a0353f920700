/** `liveops run`: an operation in this process, in text mode, without a daemon. */
import type { Command } from "commander";
import { addCommand, allOptions } from "../../../protocol/command/options.js";
import { trailingWords } from "../trailing.js";
import { type RunOptions, runWords } from "./words.js";

export function registerRun(root: Command): void {
  addCommand(root, "run", "Run an operation in text mode, without the daemon", [
    "liveops run backup source=. target=/tmp/backups",
    "liveops run --ops . import-users count=5",
    "liveops run shell -- make -j4",
  ])
    .usage("[options] <op> [name=value...] [-- ARG...]")
    .argument("<op>", "Name of the operation type")
    .argument("[name=value...]", "Parameters; name:=JSON gives an exact JSON value")
    .option(
      "--params <json>",
      "Parameters as a JSON object, @file, or - for stdin; name=value arguments override them",
    )
    .option("--label <text>", "Label shown in lists")
    .option("--ops <dir>", "Directory of operations, searched before all others (repeatable)", collect)
    .option("--json", "Print one JSON event per line, log lines included")
    .action((op: string, set: string[], _options: unknown, command: Command) =>
      runWords({ op, set, trailing: trailingWords(), options: allOptions<RunOptions>(command) }),
    );
}

function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}
