/** `liveops submit`: hands an operation to the daemon; prints its id, waits for its chain, or shows it live. */
import { type Command, Option } from "commander";
import { addCommand, reportTo } from "../../../protocol/command/options.js";
import { jsonLine } from "../../terminal/json.js";
import { connect } from "../connect.js";
import { trailingWords } from "../trailing.js";
import { post } from "./post.js";
import type { SubmitOptions } from "./words.js";

export function registerSubmit(root: Command): void {
  addCommand(root, "submit", "Submit an operation to the daemon and print its id", [
    "liveops submit backup source=. target=/tmp/backups",
    "liveops submit shell --label build --follow -- make -j4",
    `liveops submit backup --params '{"source": "."}' --wait --json`,
  ])
    .usage("[options] <op> [name=value...] [-- ARG...]")
    .argument("<op>", "Name of the operation type; liveops ops lists them")
    .argument("[name=value...]", "Parameters; name:=JSON gives an exact JSON value")
    .option(
      "--params <json>",
      "Parameters as a JSON object, @file, or - for stdin; name=value arguments override them",
    )
    .option("--label <text>", "Label shown in lists")
    .option("--memory-max <size>", "Memory limit of all its processes together, such as 512M or 2G")
    .option("--cpu-max <cores>", "CPU limit of all its processes together, in cores, such as 1.5")
    .option("--pids-max <n>", "Limit of processes and threads, such as 200")
    .addOption(
      new Option(
        "--wait",
        "Wait for the chain to finish; the outcome of its last operation is the exit code",
      ).conflicts("follow"),
    )
    .option("--follow", "Show the operation and its chain live in text mode")
    .option(
      "--json",
      "Print the record as JSON; with --wait that of the last operation; with --follow one JSON event per line",
    )
    .action(async (op: string, set: string[], _options: unknown, command: Command) => {
      const { client, options } = connect<SubmitOptions>(command);
      const operation = await post(client, { op, set, trailing: trailingWords(), options });
      const json = options.json === true;
      if (options.follow) {
        const { followInText } = await import("../follow/in-text.js");
        if (!json) process.stderr.write(`submitted ${operation.id}\n`);
        process.exitCode = await followInText(client, operation, { json });
      } else if (options.wait) {
        const { waitAfterSubmit } = await import("../wait/after-submit.js");
        process.exitCode = await waitAfterSubmit(client, operation, json, reportTo(command.parent!));
      } else process.stdout.write(`${json ? jsonLine(operation) : operation.id}\n`);
    });
}
