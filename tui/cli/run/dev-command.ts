/** `liveops dev`: as `liveops run`, and again on each save. */
import type { Command } from "commander";
import { UsageError } from "../../../protocol/command/failures.js";
import { addCommand } from "../../../protocol/command/options.js";
import { currentDirectory, givenParams } from "../arguments.js";
import { addEnvironmentOptions } from "../environment.js";

export function registerDev(root: Command): void {
  const dev = addCommand(root, "dev", "Run an operation in text mode, and again on each save", [
    "liveops dev --ops . import-users count=5",
    "liveops dev deploy.yaml target=/tmp/deploy",
    "liveops dev --ops . import-users --params @params.json",
  ])
    .usage("[options] <op|FILE.yaml> [name=value...] [-- ARG...]")
    .argument("<op>", "Name of the operation type. Or a pipeline file")
    .argument("[name=value...]", "Parameters; name:=JSON gives an exact JSON value")
    .option(
      "--params <json>",
      "Parameters as a JSON object, @file, or - for stdin; name=value arguments override them",
    )
    .option("--label <text>", "Label of the operation");
  addEnvironmentOptions(dev)
    .option(
      "--ops <path>",
      "Directory of operation files, or one file, searched before all others (repeatable)",
    )
    .action(async (op: string, _set: string[], { params }: { params?: string }) => {
      if (op === "-")
        throw new UsageError("a pipeline from stdin has no file to watch", "liveops dev deploy.yaml");
      currentDirectory("dev");
      // No save of a file mends a mistake in the command line itself.
      if (params !== undefined && !/^[-@]/.test(params)) givenParams(params);
      const { dev: begin } = await import("./dev.js");
      process.exitCode = await begin(op);
    });
}
