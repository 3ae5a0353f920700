/**
 * Advice for a daemon that accepts connections and does not reply: its pid, and whether it is stopped.
 *
 * The daemon writes its pid into the state directory. The file may be outdated, so it is used only if its socket
 * matches and the process exists.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readOwnFile } from "../own-file.js";
import { commandPlaces, type GlobalOptions } from "./daemon-address.js";

/** Maximum size of the file in bytes; it holds a pid and a path. */
const MOST_BYTES = 64 * 1024;

/** The daemon that holds the lock of a state directory, as the daemon writes it there. */
export interface LockOwner {
  pid: number;
  socket: string;
}

/** The file in the state directory that names the daemon. */
export function lockOwnerFile(stateDir: string): string {
  return join(stateDir, "liveopsd.json");
}

/** Null if the file is missing or not valid. */
export function readLockOwner(file: string): LockOwner | null {
  try {
    const { pid, socket } = JSON.parse(readOwnFile(file, MOST_BYTES).toString("utf8")) as Partial<LockOwner>;
    return typeof pid === "number" && typeof socket === "string" ? { pid, socket } : null;
  } catch {
    return null;
  }
}

/** Lines for stderr with the next command. */
export function silentDaemon(socket: string, options: GlobalOptions, startCommand: string): string[] {
  const pid = pidOf(socket, options);
  if (pid === null) return [`end the daemon's process, then: ${startCommand} (running operations continue)`];
  return [`its pid is ${pid}; ${howToWake(pid)}, then: ${startCommand} (running operations continue)`];
}

/** The command that wakes or ends a daemon that does not reply. */
export function howToWake(pid: number): string {
  const end = `end it with: kill -9 ${pid}`;
  return isStopped(pid) ? `it is stopped (SIGSTOP); wake it with: kill -CONT ${pid}; or ${end}` : end;
}

/** Whether the process is stopped by a signal. False without /proc. */
export function isStopped(pid: number): boolean {
  return /^[tT]$/.test(processState(pid) ?? "");
}

function pidOf(socket: string, options: GlobalOptions): number | null {
  try {
    const owner = readLockOwner(lockOwnerFile(commandPlaces(options).stateDir));
    return owner?.socket === socket && processState(owner.pid) !== null ? owner.pid : null;
  } catch {
    // The config file is invalid: the command reports it, or does not need it.
    return null;
  }
}

/** The state letter of proc(5); "?" without /proc; null if the process does not exist. */
function processState(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
  } catch {
    return process.platform === "linux" ? null : "?";
  }
}
