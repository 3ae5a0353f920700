/** Finds the daemon that holds the state directory or socket of a start, and says what to do. */

import { layoutOf } from "../../../daemon/store/layout.js";
import { lockOwnerOf } from "../../../daemon/store/lock-owner.js";
import { Client } from "../../../protocol/client/client.js";
import {
  ConnectionLostError,
  NoAnswerError,
  NoDaemonError,
  UnreachableError,
} from "../../../protocol/client/errors.js";
import { findSocket } from "../../../protocol/client/find-daemon.js";
import { Refusal } from "../../../protocol/errors.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import { isProcessStopped, type LockOwner } from "../../../protocol/system/lock-owner.js";
import { until } from "../../../protocol/system/until.js";
import { shellQuote } from "../../../protocol/text/shell-quote.js";
import { howToWake } from "../../kit/silent-daemon.js";

/**
 * The daemon's report about itself; null if no daemon answers.
 *
 * @throws Refusal for another version; NoAnswerError if the daemon runs and does not answer;
 *   UnreachableError where that is not known
 */
export async function answering(client: Client): Promise<DaemonReply | null> {
  try {
    return await client.daemon();
  } catch (error) {
    if (error instanceof UnreachableError && error.kind !== "no-daemon") throw error;
    if (error instanceof NoDaemonError || error instanceof ConnectionLostError) return null;
    throw error;
  }
}

/** Milliseconds within which another daemon that holds the locks or the socket must answer. */
export const OTHER_MS = 15_000;

/**
 * Milliseconds after which `start`, `stop`, `restart` and `status` give up on a daemon that does
 * not answer.
 */
export const ANSWER_MS = 5000;

/**
 * Why a daemon could not take its state directory or socket. `owner`: the daemon that holds them,
 * if known.
 */
export interface Taken {
  message: string;
  owner: LockOwner | null;
}

/**
 * The daemon that answers on the socket, or soon will: it won the race.
 *
 * @param ms how long the daemon may take to answer
 * @param anySocket whether the state directory's daemon may answer on another socket
 * @throws Refusal if no daemon answers, and at once if the state directory's daemon may not
 *   answer on its socket
 */
export async function otherDaemon(
  socket: string,
  taken: Taken,
  ms: number,
  anySocket = false,
): Promise<DaemonReply> {
  const { owner } = taken;
  const answer = Math.min(ms, ANSWER_MS);
  const running = await until(async () => {
    // A stopped process holds the lock until somebody wakes or ends it.
    if (owner !== null && isProcessStopped(owner.pid))
      throw daemonNotStarted(silent(taken.message, owner));
    const here = await asked(socket, answer);
    if (here === "silent") {
      const message = `${taken.message}, and the daemon on ${socket} does not answer`;
      throw daemonNotStarted(owner?.socket === socket ? silent(taken.message, owner) : message);
    }
    if (here !== null || owner === null || owner.socket === socket) return here;
    const there = await asked(owner.socket, answer);
    if (there === "silent") throw daemonNotStarted(silent(taken.message, owner));
    // Another pid: a daemon that is gone wrote the owner file, and the present owner has not
    // written it yet.
    return there?.pid === owner.pid ? there : null;
  }, ms);
  if (running !== null && (anySocket || running.socket === socket)) return running;
  throw daemonNotStarted(inWords(socket, taken, running));
}

/**
 * The daemon that answers on the socket; null if none does.
 *
 * @throws Refusal if a daemon runs and has not answered after `ANSWER_MS`
 */
export async function answersOn(socket: string, stateDir: string): Promise<DaemonReply | null> {
  const running = await asked(socket, ANSWER_MS);
  if (running !== "silent") return running;
  const owner = lockOwnerOf(layoutOf(stateDir));
  const message = `a daemon holds the socket ${socket}`;
  throw daemonNotStarted(
    owner?.socket === socket
      ? silent(message, owner)
      : `${message}, and does not answer; see liveopsd logs`,
  );
}

/** The daemon of the state directory that answers on another socket; null if none does. */
export async function answersElsewhere(stateDir: string): Promise<DaemonReply | null> {
  const socket = await findSocket(stateDir);
  return socket === null ? null : answersOn(socket, stateDir);
}

export function daemonNotStarted(why: string): Refusal {
  return new Refusal(
    "LIVEOPS_WRONG_STATE",
    why,
    {},
    { status: 409, title: "Conflict", summary: "Not started" },
  );
}

/** "silent": the daemon runs and does not answer within `ms`. */
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
    `${howToWake(pid)}, and the next daemon adopts its running operations`
  );
}

function inWords(socket: string, { message, owner }: Taken, running: DaemonReply | null): string {
  if (running !== null) {
    const at = `--socket ${shellQuote(running.socket)}`;
    return (
      `${message}: pid ${running.pid}, which answers on ${running.socket}; ` +
      `liveops ls ${at} uses it, liveops stop ${at} stops it, --state-dir chooses another directory`
    );
  }
  if (owner === null || owner.socket === socket)
    return `${message}, and no daemon answers on ${socket}; name its socket with --socket, or stop that daemon`;
  return silent(message, owner);
}
