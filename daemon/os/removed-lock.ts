/**
 * Locks whose file was removed while they were held. Such a lock cannot be found by its name, but
 * Linux shows which process has the file open. Without /proc nothing is found.
 */
import { readdirSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pids } from "../../ops/programs/proc.js";

/** Whether the process has the lock's file open, and the file no longer has a name. */
export function holdsRemovedLock(pid: number, file: string): boolean {
  const removed = `${realPath(file)} (deleted)`;
  return openFiles(pid).includes(removed);
}

/** The process of this user that holds the removed lock, or null. Checks all processes. */
export function holderOfRemovedLock(file: string): number | null {
  const removed = `${realPath(file)} (deleted)`;
  return pids().find((pid) => pid !== process.pid && openFiles(pid).includes(removed)) ?? null;
}

/** Whether the process has a file below the directory open. */
export function hasFileOpenIn(pid: number, dir: string): boolean {
  const prefix = `${realPath(dir)}/`;
  return openFiles(pid).some((file) => file.startsWith(prefix));
}

/** The path as the kernel shows it, with links resolved. */
function realPath(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

/** Empty for a process that is gone, or of another user. */
function openFiles(pid: number): string[] {
  const dir = `/proc/${pid}/fd`;
  try {
    return readdirSync(dir).map((fd) => linkOf(`${dir}/${fd}`));
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed at this moment.
    return "";
  }
}
