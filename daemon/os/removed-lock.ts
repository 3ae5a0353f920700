/**
 * Locks whose file was removed while they were held. Nobody finds such a lock by its name, but Linux tells which process
 * has the file open. Without /proc nothing is found.
 */
import { readdirSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pids } from "../../ops/process/proc.js";

/** Whether the process has the lock's file open, and the file has no name any more. */
export function holdsRemovedLock(pid: number, file: string): boolean {
  const removed = `${realPath(file)} (deleted)`;
  return openFiles(pid).includes(removed);
}

/** The process of this user that holds the removed lock, or null. Looks at all processes. */
export function holderOfRemovedLock(file: string): number | null {
  const removed = `${realPath(file)} (deleted)`;
  return pids().find((pid) => pid !== process.pid && openFiles(pid).includes(removed)) ?? null;
}

/** Whether the process has a file below the directory open. */
export function hasFileOpenIn(pid: number, dir: string): boolean {
  const prefix = `${realPath(dir)}/`;
  return openFiles(pid).some((file) => file.startsWith(prefix));
}

/** As the kernel shows it, whatever links lead there. */
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
    // Closed in this moment.
    return "";
  }
}
