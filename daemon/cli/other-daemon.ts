/** A start that found its state dir, or its socket, taken by another daemon: which one it is, and what to do. */
import { Client } from "../../protocol/client/client.js";
import { ConnectionLostError, NoAnswerError, NoDaemonError } from "../../protocol/client/errors.js";
import { shellQuote } from "../../protocol/command/daemon-address.js";
import type { LockOwner } from "../../protocol/command/silent-daemon.js";
import { howToWake, isStopped } from "../../protocol/command/silent-daemon.js";
import { Refusal } from "../../protocol/errors.js";
import type { DaemonReply } from "../../protocol/replies.js";
import { until } from "../os/until.js";
import { layoutOf } from "../store/layout.js";
import { lockOwnerOf } from "../store/lock-owner.js";

/**
 * What it says of itself, or null where none answers.
 *
 * @throws Refusal of another version; NoAnswerError where it takes the connection and is silent
 */
export async function answering(client: Client): Promise<DaemonReply | null> {
  try {
    return await client.daemon();
  } catch (error) {
    if (error instanceof NoDaemonError || error instanceof ConnectionLostError) return null;
    throw error;
  }
}

/** How long another daemon, found holding the locks or the socket, may take until it answers. */
export const OTHER_MS = 15_000;

/** Milliseconds after which `start`, `stop`, `restart` and `status` give up a daemon that does not answer. */
export const ANSWER_MS = 5000;

/** What a daemon says that could not have its places; `owner`: who has them, where that is told. */
export interface Taken {
  message: string;
  owner: LockOwner | null;
}

/**
 * The daemon that answers on the socket, or is about to: a race was lost to it.
 *
 * @param ms how long it may take until it answers
 * @throws Refusal where nobody does, and at once where the state dir's daemon answers on another socket
 */
export async function otherDaemon(socket: string, taken: Taken, ms: number): Promise<DaemonReply> {
  const { owner } = taken;
  const answer = Math.min(ms, ANSWER_MS);
  const running = await until(async () => {
    // It would hold the lock for as long as it is stopped.
    if (owner !== null && isStopped(owner.pid)) throw daemonNotStarted(silent(taken.message, owner));
    const here = await asked(socket, answer);
    if (here === "silent") {
      const message = `${taken.message}, and the one on ${socket} does not answer`;
      throw daemonNotStarted(owner?.socket === socket ? silent(taken.message, owner) : message);
    }
    if (here !== null || owner === null || owner.socket === socket) return here;
    const there = await asked(owner.socket, answer);
    if (there === "silent") throw daemonNotStarted(silent(taken.message, owner));
    // Another pid: it was written by one that is gone, and whoever has the lock now has not written it yet.
    return there?.pid === owner.pid ? there : null;
  }, ms);
  if (running?.socket === socket) return running;
  throw daemonNotStarted(inWords(socket, taken, running));
}

/**
 * Who answers on the socket, null where nobody does.
 *
 * @throws Refusal where there is someone who has said nothing after `ANSWER_MS`
 */
export async function answersOn(socket: string, stateDir: string): Promise<DaemonReply | null> {
  const running = await asked(socket, ANSWER_MS);
  if (running !== "silent") return running;
  const owner = lockOwnerOf(layoutOf(stateDir));
  const message = `a daemon has ${socket}`;
  throw daemonNotStarted(
    owner?.socket === socket ? silent(message, owner) : `${message}, and does not answer`,
  );
}

export function daemonNotStarted(why: string): Refusal {
  return new Refusal(
    "LIVEOPS_WRONG_STATE",
    why,
    {},
    { status: 409, title: "Conflict", summary: "Not started" },
  );
}

/** "silent": it takes connections and does not answer within so many ms. */
async function asked(socket: string, ms: number): Promise<DaemonReply | null | "silent"> {
  try {
    return await answering(new Client(socket, { answer: ms, request: ms }));
  } catch (error) {
    if (error instanceof NoAnswerError) return "silent";
    throw error;
  }
}

function silent(message: string, { pid, socket }: LockOwner): string {
  return (
    `${message}: pid ${pid}, which does not answer on ${socket}; ` +
    `${howToWake(pid)}, and the next one takes up what it ran`
  );
}

function inWords(socket: string, { message, owner }: Taken, running: DaemonReply | null): string {
  if (running !== null) {
    const at = `--socket ${shellQuote(running.socket)}`;
    return (
      `${message}: pid ${running.pid}, which answers on ${running.socket}; ` +
      `liveops ls ${at} asks it, liveopsd stop ${at} stops it, --state-dir chooses another directory`
    );
  }
  if (owner === null || owner.socket === socket)
    return `${message}, and none answers on ${socket}; name its socket with --socket, or stop it`;
  return silent(message, owner);
}
