/** `liveops queue`: lists the queues, creates or changes one, removes one. */
import type { Command } from "commander";
import { UsageError } from "../../protocol/failures.js";
import type { QueueReply } from "../../protocol/replies.js";
import { addCommand } from "../kit/options.js";
import { numberColumn } from "../kit/output/columns.js";
import { jsonLine } from "../kit/output/json.js";
import type { OutputOptions } from "../kit/output/options.js";
import { listLines, printLines } from "../kit/output/print.js";
import type { TableSpec } from "../kit/output/table.js";
import { formatAge } from "../kit/output/time.js";
import { connectFor } from "./connection.js";
import { addDefaultAction } from "./subcommand.js";

/** The columns of a list of queues. */
export const QUEUES: TableSpec<QueueReply> = {
  columns: [
    { name: "queue", text: (it) => it.name, atLeast: 5 },
    {
      name: "state",
      text: ({ pausedSince }, { now }) =>
        pausedSince === null ? "open" : `paused ${formatAge(pausedSince, now)}`,
    },
    numberColumn("concurrency", (it) => it.concurrency),
    numberColumn("running", (it) => it.running),
    numberColumn("queued", (it) => it.queued),
    numberColumn("to answer", (it) => it.toAnswer),
  ],
  firstToShrink: ["queue"],
  firstToGo: ["concurrency", "to answer", "queued", "running", "state"],
};

export function registerQueue(root: Command): void {
  const queue = addCommand(root, "queue", "List the queues, create or change one, remove one", [
    "liveops queue",
    "liveops queue set gpu --concurrency 2",
    "liveops queue rm gpu",
  ]);
  // Options after the name of a subcommand belong to the subcommand.
  queue.enablePositionalOptions();
  addCommand(
    queue,
    "set",
    "Create a queue, or change how many of its operations run at the same time",
    ["liveops queue set gpu --concurrency 2"],
  )
    .argument("<name>", "Lower-case letters, digits and -")
    .requiredOption(
      "--concurrency <n>",
      "Operations of the queue that run at the same time; config: as in the config file",
    )
    .action(async (name: string, _options: unknown, command: Command) => {
      const { client, options } = await connectFor<{ concurrency: string }>(command);
      const changed = await client.setQueue(name, {
        concurrency: concurrencyOf(options.concurrency),
      });
      printLines([changed.name]);
    });
  addCommand(queue, "rm", "Remove a queue that has no operations", ["liveops queue rm gpu"])
    .argument("<name>", "Name of the queue")
    .action(async (name: string, _options: unknown, command: Command) => {
      const { client } = await connectFor(command);
      const removed = await client.removeQueue(name);
      printLines([removed.name]);
    });
  queue.option("--json", "Print the queues as a JSON array");
  addDefaultAction(queue, () => listQueues(queue));
}

async function listQueues(command: Command): Promise<void> {
  const { client, options } = await connectFor<OutputOptions>(command);
  const { queues } = await client.queues();
  if (options.json) printLines([jsonLine(queues)]);
  else printLines(await listLines(QUEUES, queues, { now: client.now() }, process.stdout));
}

function concurrencyOf(text: string): number | null {
  if (text === "config") return null;
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new UsageError(
    `--concurrency: ${JSON.stringify(text)} is not a whole number of at least 1, or config`,
  );
}
