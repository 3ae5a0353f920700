/**
 * The lock owner: which daemon holds the state directory, written by that daemon for a process that is refused the
 * lock. The file is only a hint: the lock shows whether a daemon holds the directory, and the daemon on the socket
 * whether it is that daemon.
 */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { type LockOwner, readLockOwner } from "../../protocol/command/silent-daemon.js";
import type { Layout } from "./layout.js";

/** Not synced, and skipped on a full disk: nothing depends on the file. */
export function writeLockOwner({ lockOwner }: Layout, who: LockOwner): void {
  const temporary = `${lockOwner}.tmp`;
  try {
    // A link in its place is removed, not followed.
    removeFiles(temporary);
    writeFileSync(temporary, `${JSON.stringify(who)}\n`, { mode: 0o600, flag: "wx" });
    renameSync(temporary, lockOwner);
  } catch {
    removeFiles(temporary, lockOwner);
  }
}

export function removeLockOwner({ lockOwner }: Layout): void {
  removeFiles(lockOwner);
}

/** Null where the owner is unknown. */
export function lockOwnerOf({ lockOwner }: Layout): LockOwner | null {
  return readLockOwner(lockOwner);
}

function removeFiles(...files: string[]): void {
  for (const file of files) {
    try {
      rmSync(file, { force: true });
    } catch {
      // A stale file does no harm: readers take it as a hint.
    }
  }
}
