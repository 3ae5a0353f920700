/** `liveopsd stop [--now]`: stops the daemon. Running operations continue. If no daemon runs, that is a success. */
import type { Command } from "commander";
import { Client } from "../../protocol/client/client.js";
import { addCommand, allOptions, commandPlaces, type GlobalOptions } from "../../protocol/command/options.js";
import { Refusal } from "../../protocol/errors.js";
import type { DaemonReply, StopReply } from "../../protocol/replies.js";
import { isLocked } from "../os/kernel-lock.js";
import { until } from "../os/until.js";
import { layoutOf } from "../store/layout.js";
import { ANSWER_MS, answering } from "./other-daemon.js";

/** Milliseconds to wait for the end of the daemon: the checkpoint of a large queue takes time. */
const STOP_MS = 30_000;

/** Stops the daemon and waits until its lock is free; null if none was running. Used by `stop` and `restart`. */
export async function stopDaemon(
  client: Client,
  now: boolean,
): Promise<{ reply: StopReply; daemon: DaemonReply } | null> {
  const daemon = await answering(client);
  if (!daemon) return null;
  const reply = await client.stop(now);
  const { lock } = layoutOf(daemon.stateDir);
  const gone = await until(() => !isLocked(lock), STOP_MS);
  if (!gone) {
    throw new Refusal(
      "LIVEOPS_STOPPING",
      `the daemon (pid ${daemon.pid}) did not stop within ${STOP_MS / 1000} s; see liveopsd logs`,
    );
  }
  return { reply, daemon };
}

function describeStop({ running, cancelled }: StopReply): string {
  const parts = ["stopped"];
  if (cancelled > 0) parts.push(`${operations(cancelled)} cancelled`);
  if (running > 0) {
    parts.push(
      `${operations(running)} ${running === 1 ? "continues" : "continue"} without the daemon; chains and queued operations wait for the next liveopsd start ` +
        "(liveopsd stop --now cancels running operations first)",
    );
  }
  return parts.join("; ");
}

/** `1 running operation`, `2 running operations`. */
export function operations(count: number): string {
  return `${count} running operation${count === 1 ? "" : "s"}`;
}

export function registerStop(root: Command): void {
  const command = addCommand(root, "stop", "Stop the daemon; running operations continue", [
    "liveopsd stop",
    "liveopsd stop --now   # cancels running operations first",
  ]);
  command.option("--now", "Cancel running operations first").action(async () => {
    const options = allOptions<GlobalOptions & { now?: boolean }>(command);
    const { socket } = commandPlaces(options);
    const stopped = await stopDaemon(new Client(socket, { answer: ANSWER_MS }), options.now === true);
    process.stderr.write(
      `liveopsd: ${stopped ? describeStop(stopped.reply) : `no daemon was running on ${socket}`}\n`,
    );
  });
}
