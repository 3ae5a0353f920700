/**
 * Who holds the state dir: written there by the daemon that has its lock, for whoever is refused it. No more than a
 * hint: the lock tells whether anyone holds it, and the daemon on that socket whether it is the one.
 */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { type LockOwner, readLockOwner } from "../../protocol/command/silent-daemon.js";
import type { Layout } from "./layout.js";

/** Not synced, and left out where there is no room: nothing depends on it. */
export function writeLockOwner({ lockOwner }: Layout, who: LockOwner): void {
  const temporary = `${lockOwner}.tmp`;
  try {
    // A link that stands in its place is removed, not followed.
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

/** Null where it is not told. */
export function lockOwnerOf({ lockOwner }: Layout): LockOwner | null {
  return readLockOwner(lockOwner);
}

function removeFiles(...files: string[]): void {
  for (const file of files) {
    try {
      rmSync(file, { force: true });
    } catch {
      // It is read as what it is: a hint.
    }
  }
}
