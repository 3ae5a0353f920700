/**
 * Advice for a daemon that cannot be reached, or accepts connections and does not reply: its pid,
 * and what to do.
 */
import { commandPlaces, type GlobalOptions } from "../../protocol/client/daemon-address.js";
import {
  isProcessStopped,
  isThere,
  type LockOwner,
  ownerOf,
} from "../../protocol/system/lock-owner.js";

/** Lines for stderr with the next command. */
export async function silentDaemon(
  socket: string,
  options: GlobalOptions,
  startCommand: string,
): Promise<string[]> {
  const owner = await holder(options);
  if (owner?.socket !== socket)
    return [`end the daemon's process, then: ${startCommand} (running operations continue)`];
  return [
    `its pid is ${owner.pid}; ${howToWake(owner.pid)}, then: ${startCommand} (running operations continue)`,
  ];
}

/**
 * Lines for stderr where no daemon answers: which daemon holds the state directory, or how to start
 * one.
 */
export async function noDaemon(
  socket: string,
  options: GlobalOptions,
  startCommand: string,
): Promise<string[]> {
  const owner = await holder(options);
  if (owner === null) return [`start it with: ${startCommand}`];
  const { pid } = owner;
  const holds = `the daemon with pid ${pid} holds the state directory`;
  if (owner.socket !== socket)
    return [`${holds} and answers on ${owner.socket}; name it with --socket`];
  return [
    `${holds} and does not listen; try again, or ${howToEnd(pid)}, then: ${startCommand} (running operations continue)`,
  ];
}

/** The command that wakes or ends a daemon that does not reply. */
export function howToWake(pid: number): string {
  const end = `end it with: kill -9 ${pid}`;
  return isProcessStopped(pid)
    ? `it is stopped (SIGSTOP); wake it with: kill -CONT ${pid}; or ${end}`
    : end;
}

/** The command that ends a daemon that has no socket. */
export function howToEnd(pid: number): string {
  return isProcessStopped(pid) ? howToWake(pid) : `stop it with: kill ${pid}`;
}

/** A daemon that accepts connections and does not reply. */
export interface HungDaemon {
  /** Null: not known, as with a daemon on another machine. */
  readonly pid: number | null;
  /** Stopped by a signal (SIGSTOP). */
  readonly isStopped: boolean;
}

export function hungDaemon(socket: string, stateDir: string | null): HungDaemon {
  const owner = stateDir === null ? null : presentOwner(stateDir);
  const pid = owner?.socket === socket ? owner.pid : null;
  return { pid, isStopped: pid !== null && isProcessStopped(pid) };
}

/** The daemon that holds the state directory of these options; null if none is known. */
async function holder(options: GlobalOptions): Promise<LockOwner | null> {
  if (options.remote !== undefined) return null;
  try {
    return presentOwner((await commandPlaces(options, process.env, "ignore")).stateDir);
  } catch {
    // The state directory cannot be read: the command reports it, or does not need it.
    return null;
  }
}

function presentOwner(stateDir: string): LockOwner | null {
  const owner = ownerOf(stateDir);
  return owner !== null && isThere(owner) ? owner : null;
}
