/** `liveops drain [--undo] [--wait]`: starts no more operations on this host. */
import { setTimeout as delay } from "node:timers/promises";
import { type Command, Option } from "commander";
import type { Client } from "../../../protocol/client/client.js";
import { daemonClient } from "../../../protocol/client/find-daemon.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { interruptible } from "../../kit/interruptible.js";
import { addDaemonCommand, allOptions, type GlobalOptions } from "../../kit/options.js";
import { ANSWER_MS } from "./other-daemon.js";
import { operations } from "./stop.js";

interface DrainOptions extends GlobalOptions {
  undo?: boolean;
  wait?: boolean;
}

/** Milliseconds between two looks at what still runs. */
const LOOK_MS = 300;

export function registerDrain(root: Command): void {
  const command = addDaemonCommand(
    root,
    "drain",
    "Start no more operations on this host, such as before an upgrade",
    ["liveops drain --wait && liveops stop", "liveops drain --undo"],
  );
  command
    .option("--undo", "Start operations again")
    .addOption(new Option("--wait", "Wait until no operation runs on this host").conflicts("undo"))
    .addHelpText(
      "after",
      "\nRunning operations continue. Queued ones wait, or start on another host of the fleet.\n" +
        "A restart of the daemon undoes it; to keep operations from starting longer, pause the\n" +
        "queues: liveops pause --all",
    )
    .action(async () => {
      const options = allOptions<DrainOptions>(command);
      const client = await daemonClient(options, { answer: ANSWER_MS });
      await client.drain({ draining: options.undo !== true });
      const { host, running } = await client.daemon();
      if (options.undo) return say(`${host} starts operations again`);
      const left =
        running === 0 ? "no operation runs" : `${operations(running)} continue${running === 1 ? "s" : ""}`;
      say(`${host} is drained; ${left} (liveops drain --undo starts operations again)`);
      if (!options.wait || running === 0) return;
      await interruptible(
        () => `${host} stays drained (liveops drain --undo)`,
        (signal) => untilIdle(client, signal),
      );
      say(`no operation runs on ${host}`);
    });
}

async function untilIdle(client: Client, signal: AbortSignal): Promise<void> {
  while ((await client.daemon(signal)).running > 0) await delay(LOOK_MS, undefined, { signal });
}

function say(text: string): void {
  process.stderr.write(`liveopsd: ${sanitize(text)}\n`);
}
