/** `liveops pause` and `liveops resume`: running operations, a queue, or all queues. */
import { type Command, Option } from "commander";
import type { Client } from "../../protocol/client/client.js";
import { UsageError } from "../../protocol/failures.js";
import { addCommand } from "../kit/options.js";
import { printLines } from "../kit/output/print.js";
import { type ReportTo, say } from "../kit/report.js";
import { connectFor, forEachId } from "./connection.js";
import { listPages } from "./list-pages.js";

interface PauseOptions {
  queue?: string;
  all?: boolean;
}

export function registerPause(root: Command): void {
  register(
    root,
    "pause",
    "Stop the processes of running operations, or start nothing from a queue",
    ["liveops pause k3f", "liveops pause --queue gpu", "liveops pause --all"],
  );
}

export function registerResume(root: Command): void {
  register(root, "resume", "Continue paused operations or queues", [
    "liveops resume k3f",
    "liveops resume --queue gpu",
    "liveops resume --all",
  ]);
}

function register(
  root: Command,
  name: "pause" | "resume",
  description: string,
  examples: string[],
): void {
  addCommand(root, name, description, examples)
    .argument(
      "[id...]",
      "Ids of running operations, unique prefixes of 3 or more characters, or labels",
    )
    .option("--queue <name>", "A queue: its running operations continue")
    .addOption(new Option("--all", "All queues").conflicts("queue"))
    .action(async (ids: string[], _options: unknown, command: Command) => {
      const { client, options, to } = await connectFor<PauseOptions>(command);
      const { queue, all = false } = options;
      const isQueue = queue !== undefined || all;
      if (isQueue === ids.length > 0)
        throw new UsageError(
          `give the ids of the operations to ${name}, or --queue NAME, or --all for all queues`,
          `liveops ${name} k3f`,
        );
      if (isQueue) {
        const { queues } = await (name === "pause"
          ? client.pauseQueue({ queue })
          : client.resumeQueue({ queue }));
        const changed = queues.filter((each) => all || each.name === queue);
        printLines(changed.map((each) => `${each.name} ${each.pausedSince ? "paused" : "open"}`));
        if (name === "resume") await notePaused(client, queue, to);
        return;
      }
      process.exitCode = await forEachId(ids, to, async (id) => {
        const operation = await client[name](id);
        printLines([`${operation.id} ${name}d`]);
      });
    });
}

/** Operations that were paused by their ids: the resume of a queue does not continue them. */
async function notePaused(client: Client, queue: string | undefined, to: ReportTo): Promise<void> {
  const { operations } = await listPages(client, { state: ["running"] });
  const paused = operations.filter(
    (it) => it.pause?.since && (queue === undefined || it.queue === queue),
  );
  if (paused.length === 0) return;
  const what = paused.length === 1 ? "1 operation stays" : `${paused.length} operations stay`;
  const ids = paused.map(({ id }) => id).join(" ");
  say(to, `${what} paused; to continue: liveops resume ${ids}`, "yellow");
}
