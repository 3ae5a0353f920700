/**
 * `liveops stop [--now]`: stops the daemon. Running operations continue. If no daemon runs, that is
 * a success.
 */
import type { Command } from "commander";
import { isLocked } from "../../../daemon/os/kernel-lock.js";
import { layoutOf } from "../../../daemon/store/layout.js";
import { lockOwnerOf } from "../../../daemon/store/lock-owner.js";
import { remoteOf } from "../../../protocol/client/address.js";
import type { Client } from "../../../protocol/client/client.js";
import { clientFor, mayFind } from "../../../protocol/client/find-daemon.js";
import { Refusal } from "../../../protocol/errors.js";
import type { DaemonReply, StopReply } from "../../../protocol/replies.js";
import type { LockOwner } from "../../../protocol/system/lock-owner.js";
import { until } from "../../../protocol/system/until.js";
import {
  addDaemonCommand,
  allOptions,
  commandPlaces,
  type GlobalOptions,
  reportTo,
} from "../../kit/options.js";
import { type ReportTo, say } from "../../kit/report.js";
import { howToEnd } from "../../kit/silent-daemon.js";
import { type Unit, unitRunning } from "./manager.js";
import { ANSWER_MS, answering } from "./other-daemon.js";

/** Milliseconds to wait for the end of the daemon: the checkpoint of a large queue takes time. */
const STOP_MS = 30_000;

/** What a daemon was, and did, when it stopped. */
export interface Stopped {
  reply: StopReply;
  daemon: DaemonReply;
  /** The unit of systemd that ran the daemon; null if none did. */
  unit: Unit | null;
}

/**
 * Stops the daemon and waits until its lock is free; null if none was running. Used by `stop` and
 * `restart`.
 *
 * @param stateDir the daemon's, if it must be this daemon's; null: any daemon on the socket
 * @throws Refusal if a daemon holds the state directory and cannot be reached
 */
export async function stopDaemon(
  client: Client,
  now: boolean,
  stateDir: string | null,
): Promise<Stopped | null> {
  const daemon = await answering(client);
  if (!daemon) {
    if (stateDir === null) return null;
    const layout = layoutOf(stateDir);
    if (!isLocked(layout.lock)) return null;
    throw notReached(stateDir, client.socket, lockOwnerOf(layout));
  }
  const unit = await unitRunning(daemon);
  const reply = await client.stop({ now });
  const { lock } = layoutOf(daemon.stateDir);
  const isHere = remoteOf(client.socket) === null;
  const isGone = isHere ? () => !isLocked(lock) : async () => (await answering(client)) === null;
  if (!(await until(isGone, STOP_MS))) {
    throw new Refusal(
      "LIVEOPS_STOPPING",
      `the daemon (pid ${daemon.pid}) did not stop within ${STOP_MS / 1000} s; see liveopsd logs`,
    );
  }
  return { reply, daemon, unit };
}

function notReached(stateDir: string, socket: string, owner: LockOwner | null): Refusal {
  const holder = owner === null ? "a daemon" : `the daemon with pid ${owner.pid}`;
  const at =
    owner === null || owner.socket === socket ? "" : `, and has the socket ${owner.socket}`;
  const next = owner === null ? "name its socket with --socket" : howToEnd(owner.pid);
  return new Refusal(
    "LIVEOPS_WRONG_STATE",
    `${holder} holds the state directory ${stateDir}${at}, and does not answer on ${socket}; ${next}`,
    {},
    { status: 409, title: "Conflict", summary: "Not stopped" },
  );
}

function describeStop({ running, cancelled }: StopReply): string {
  const parts = ["stopped"];
  if (cancelled > 0) parts.push(`${operations(cancelled)} cancelled`);
  if (running > 0) {
    parts.push(
      `${operations(running)} ${running === 1 ? "continues" : "continue"} without the daemon; chains and queued operations wait for the next liveops start ` +
        "(liveops stop --now cancels running operations first)",
    );
  }
  return parts.join("; ");
}

/** Systemd must not start the daemon again. */
async function stopUnit(unit: Unit, to: ReportTo): Promise<void> {
  try {
    await unit.tell("Not stopped", "stop", unit.name);
    say(
      to,
      `${unit.label} is stopped too; liveops start, or the next login, starts it again`,
      "yellow",
    );
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    say(to, `${unit.label} may start the daemon again: ${error.message}`, "yellow");
  }
}

/** `1 running operation`, `2 running operations`. */
export function operations(count: number): string {
  return `${count} running operation${count === 1 ? "" : "s"}`;
}

export function registerStop(root: Command): void {
  const command = addDaemonCommand(root, "stop", "Stop the daemon; running operations continue", [
    "liveops stop",
    "liveops stop --now   # cancels running operations first",
  ]);
  command.option("--now", "Cancel running operations first").action(async () => {
    const options = allOptions<GlobalOptions & { now?: boolean }>(command);
    const places = await commandPlaces(options);
    const { socket, stateDir, config } = places;
    const client = clientFor(places, options, { answer: ANSWER_MS });
    const waitDir = mayFind(options, process.env, config) ? stateDir : null;
    const stopped = await stopDaemon(client, options.now === true, waitDir);
    process.stderr.write(
      `liveopsd: ${stopped ? describeStop(stopped.reply) : `no daemon was running on ${socket}`}\n`,
    );
    if (stopped?.unit) await stopUnit(stopped.unit, reportTo(root));
  });
}
