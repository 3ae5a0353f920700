/**
 * The daemon that holds a state directory, as the daemon writes it into `liveopsd.json` there.
 * Commands find the daemon's socket and pid in this file.
 *
 * The file is a hint: a killed daemon leaves it, and a copy of a state directory has the
 * original's. So a reader checks the directory, the process and, on the socket, the pid.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { readOwnFile } from "./own-file.js";
import { hasProc } from "./own-process.js";

/** Maximum size of the file in bytes; it holds a few short values. */
const MOST_BYTES = 64 * 1024;

export interface LockOwner {
  pid: number;
  /** Start time of the process, as in proc_pid_stat(5), field 22; null without /proc. */
  startTime: string | null;
  /** The socket on which the daemon answers now. */
  socket: string;
  /** Device and inode of the state directory. A copy of the directory has others. */
  directory: string;
  /** The words behind `liveops start` that start it once more. */
  start: string[];
}

/** The file in the state directory that names the daemon. */
export function lockOwnerFile(stateDir: string): string {
  return join(stateDir, "liveopsd.json");
}

/** Null if the file is missing or not valid. */
export function readLockOwner(file: string): LockOwner | null {
  try {
    const { pid, startTime, socket, directory, start } = JSON.parse(
      readOwnFile(file, MOST_BYTES).toString("utf8"),
    ) as Partial<LockOwner>;
    if (typeof pid !== "number" || typeof socket !== "string" || typeof directory !== "string")
      return null;
    if (!Array.isArray(start) || start.some((word) => typeof word !== "string")) return null;
    return {
      pid,
      startTime: typeof startTime === "string" ? startTime : null,
      socket,
      directory,
      start,
    };
  } catch {
    return null;
  }
}

/** The daemon that holds this directory, not the original of a copy; null if no file names it. */
export function ownerOf(stateDir: string): LockOwner | null {
  const owner = readLockOwner(lockOwnerFile(stateDir));
  return owner !== null && owner.directory === directoryIdentity(stateDir) ? owner : null;
}

/**
 * `device:inode` of a directory; null if the directory is missing. A copy of the directory has
 * another identity.
 */
export function directoryIdentity(dir: string): string | null {
  const stat = statSync(dir, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.dev}:${stat.ino}`;
}

/**
 * Whether the daemon's process exists; a reused pid is another process. Without /proc this is
 * assumed.
 */
export function isThere({ pid, startTime }: LockOwner): boolean {
  const fields = statFields(pid);
  if (fields === null) return !hasProc();
  return startTime === null || fields[19] === startTime;
}

/** Whether the process is stopped by a signal. False without /proc. */
export function isProcessStopped(pid: number): boolean {
  return /^[tT]$/.test(statFields(pid)?.[0] ?? "");
}

/**
 * The fields of proc_pid_stat(5) after the command name; null if the process has ended, or without
 * /proc.
 */
function statFields(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}
