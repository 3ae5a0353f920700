/** `liveops queue`: lists the queues, creates or changes one, removes one. */
import type { Command } from "commander";
import { paintFor } from "../../protocol/command/colour.js";
import { UsageError } from "../../protocol/command/failures.js";
import { addCommand } from "../../protocol/command/options.js";
import type { QueueReply } from "../../protocol/replies.js";
import { formatAge } from "../terminal/format.js";
import { jsonLine } from "../terminal/json.js";
import { connectFor } from "./connection.js";

interface QueueOptions {
  concurrency?: string;
  json?: boolean;
}

const HEADS = ["QUEUE", "STATE", "CONCURRENCY", "RUNNING", "QUEUED"];

/** The table of the queues, pure. */
export function queueLines(queues: readonly QueueReply[], now: number = Date.now()): string[] {
  const rows = queues.map(({ name, concurrency, pausedSince, queued, running }) => [
    name,
    pausedSince === null ? "open" : `paused ${formatAge(pausedSince, now)}`,
    String(concurrency),
    String(running),
    String(queued),
  ]);
  const widths = HEADS.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]!.length)),
  );
  return [HEADS, ...rows].map((row) =>
    row
      .map((text, column) => (column < 2 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
}

export function registerQueue(root: Command): void {
  const queue = addCommand(root, "queue", "List the queues, create or change one, remove one", [
    "liveops queue",
    "liveops queue set gpu --concurrency 2",
    "liveops queue rm gpu",
  ]);
  // Options after the name of a subcommand belong to the subcommand.
  queue.enablePositionalOptions();
  addCommand(queue, "ls", "List the queues", ["liveops queue ls --json"])
    .option("--json", "Print the queues as a JSON array")
    .action(async (_options: unknown, command: Command) => listQueues(command));
  addCommand(queue, "set", "Create a queue, or change how many of its operations run at the same time", [
    "liveops queue set gpu --concurrency 2",
  ])
    .argument("<name>", "Lower-case letters, digits and -")
    .requiredOption("--concurrency <n>", "Operations of the queue that run at the same time")
    .option("--json", "Print the queue as JSON")
    .action(async (name: string, _options: unknown, command: Command) => {
      const { client, options } = connectFor<QueueOptions>(command);
      const changed = await client.setQueue(name, { concurrency: concurrencyOf(options.concurrency!) });
      process.stdout.write(`${options.json ? jsonLine(changed) : changed.name}\n`);
    });
  addCommand(queue, "rm", "Remove a queue that has no operations", ["liveops queue rm gpu"])
    .argument("<name>", "Name of the queue")
    .option("--json", "Print the removed queue as JSON")
    .action(async (name: string, _options: unknown, command: Command) => {
      const { client, options } = connectFor<QueueOptions>(command);
      const removed = await client.removeQueue(name);
      process.stdout.write(`${options.json ? jsonLine(removed) : removed.name}\n`);
    });
  queue.option("--json", "Print the queues as a JSON array").action(async () => listQueues(queue));
}

async function listQueues(command: Command): Promise<void> {
  const { client, options } = connectFor<QueueOptions>(command);
  const { queues } = await client.queues();
  if (options.json) {
    process.stdout.write(`${jsonLine(queues)}\n`);
    return;
  }
  const [head, ...rows] = queueLines(queues);
  process.stdout.write(`${[paintFor(process.stdout)("dim", head!), ...rows].join("\n")}\n`);
}

function concurrencyOf(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new UsageError(`--concurrency: ${JSON.stringify(text)} is not a whole number of at least 1`);
}
