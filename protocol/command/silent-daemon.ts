/**
 * What to do about a daemon that takes connections and does not answer: which process it is, whether it is stopped.
 *
 * The daemon writes its pid into the state directory. That is a hint, so it is used only where the socket agrees and
 * the process is there.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readOwnFile } from "../own-file.js";
import { commandPlaces, type GlobalOptions } from "./daemon-address.js";

/** Bytes that the file may have: a pid and a path. */
const MOST_BYTES = 64 * 1024;

/** The daemon that holds a state directory, as written there by the daemon. */
export interface LockOwner {
  pid: number;
  socket: string;
}

/** The file in the state directory that names the daemon. */
export function lockOwnerFile(stateDir: string): string {
  return join(stateDir, "liveopsd.json");
}

/** Null where it is not told. */
export function readLockOwner(file: string): LockOwner | null {
  try {
    const { pid, socket } = JSON.parse(readOwnFile(file, MOST_BYTES).toString("utf8")) as Partial<LockOwner>;
    return typeof pid === "number" && typeof socket === "string" ? { pid, socket } : null;
  } catch {
    return null;
  }
}

/** Lines for stderr that say what to type next. */
export function silentDaemon(socket: string, options: GlobalOptions, startCommand: string): string[] {
  const pid = pidOf(socket, options);
  if (pid === null) return [`end its process, then: ${startCommand} (running operations continue)`];
  return [`its pid is ${pid}; ${howToWake(pid)}, then: ${startCommand} (running operations continue)`];
}

/** How to get a daemon going that is silent. */
export function howToWake(pid: number): string {
  const end = `end it with: kill -9 ${pid}`;
  return isStopped(pid) ? `it is stopped (SIGSTOP), wake it with: kill -CONT ${pid}; or ${end}` : end;
}

/** Whether the process is stopped by a signal. False where the system does not tell. */
export function isStopped(pid: number): boolean {
  return /^[tT]$/.test(processState(pid) ?? "");
}

function pidOf(socket: string, options: GlobalOptions): number | null {
  try {
    const owner = readLockOwner(lockOwnerFile(commandPlaces(options).stateDir));
    return owner?.socket === socket && processState(owner.pid) !== null ? owner.pid : null;
  } catch {
    // The config file is broken: the command said so, or it needed none.
    return null;
  }
}

/** The letter of proc(5); "?" where there is no /proc; null where there is no such process. */
function processState(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
  } catch {
    return process.platform === "linux" ? null : "?";
  }
}
