/** `liveops submit`: hands an operation to the daemon; prints its id, waits for its chain, or shows it live. */
import { type Command, Option } from "commander";
import { addCommand, reportTo } from "../../../protocol/command/options.js";
import { connect } from "../connect.js";
import { trailingWords } from "../trailing.js";
import { post } from "./post.js";
import { submitted } from "./quick.js";
import type { SubmitOptions } from "./words.js";

export function registerSubmit(root: Command): void {
  addCommand(root, "submit", "Submit an operation to the daemon and print its id", [
    "liveops submit backup source=. target=/tmp/backups",
    "liveops submit shell --label build --follow -- make -j4",
    `liveops submit backup --params '{"source": "."}' --wait --json`,
  ])
    .usage("[options] <op> [name=value...] [-- ARG...]")
    .argument("<op>", "name of the operation type (liveops ops lists them)")
    .argument("[name=value...]", "parameters; name:=JSON says a value exactly")
    .option("--params <json>", "parameters as a JSON object, @file, or - for stdin; words come on top")
    .option("--label <text>", "a text to tell it by")
    .option("--memory-max <size>", "memory of all its processes together, such as 512M or 2G")
    .option("--cpu-max <cores>", "cores that they may use together, such as 1.5")
    .option("--pids-max <n>", "processes and threads at a time, such as 200")
    .addOption(
      new Option(
        "--wait",
        "until the chain's last operation is settled; its outcome is the exit code",
      ).conflicts("follow"),
    )
    .option("--follow", "show it live in text mode, along the chain")
    .option("--json", "the record; with --wait the last link's; with --follow a fact a line")
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
      } else process.stdout.write(submitted(operation, json));
    });
}
