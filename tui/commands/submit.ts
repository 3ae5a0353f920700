/**
 * `liveops submit`: hands an operation to the daemon and prints its id.
 *
 * The quick way (no --wait, no --follow) loads nothing but the client; the rest comes when asked for.
 */
import { randomUUID } from "node:crypto";
import { type Command, Option } from "commander";
import type { Client } from "../../protocol/client/client.js";
import { UsageError } from "../../protocol/command/failures.js";
import { addCommand, reportTo } from "../../protocol/command/options.js";
import type { Operation } from "../../protocol/operation.js";
import { jsonLine } from "../terminal/json.js";
import { capturedEnv } from "./captured-env.js";
import { connect } from "./connect.js";
import { givenParams } from "./given-params.js";
import { trailingSet } from "./trailing.js";

interface SubmitOptions {
  params?: string;
  label?: string;
  wait?: boolean;
  follow?: boolean;
  json?: boolean;
}

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
    .addOption(
      new Option(
        "--wait",
        "wait for the last operation of the chain; its outcome is the exit code",
      ).conflicts("follow"),
    )
    .option("--follow", "show it live in text mode, along the chain")
    .option("--json", "the record; with --wait the last link's; with --follow a fact a line")
    .action(async (op: string, set: string[], _options: unknown, command: Command) => {
      await submit(op, set, command);
    });
}

async function submit(op: string, words: string[], command: Command): Promise<void> {
  const { client, options } = connect<SubmitOptions>(command);
  const operation = await post(client, op, words, options);
  if (options.follow) {
    const { followInText } = await import("./follow/in-text.js");
    if (!options.json) process.stderr.write(`submitted ${operation.id}\n`);
    process.exitCode = await followInText(client, operation, { json: options.json === true });
  } else if (options.wait) {
    const { waitAfterSubmit } = await import("./wait/after-submit.js");
    process.exitCode = await waitAfterSubmit(
      client,
      operation,
      options.json === true,
      reportTo(command.parent!),
    );
  } else {
    process.stdout.write(`${options.json ? jsonLine(operation) : operation.id}\n`);
  }
}

/** The key lets the client send it again on a broken connection without submitting twice. */
function post(client: Client, op: string, words: string[], options: SubmitOptions): Promise<Operation> {
  const params = givenParams(options.params);
  return client.submit(
    {
      op,
      ...(params && { params }),
      set: [...words, ...trailingSet()],
      ...(options.label !== undefined && { label: options.label }),
      cwd: currentDirectory(),
      env: capturedEnv(),
    },
    randomUUID(),
  );
}

function currentDirectory(): string {
  try {
    return process.cwd();
  } catch {
    throw new UsageError("the current directory no longer exists; go to another one and submit again");
  }
}
