/**
 * The lock of a state directory: one daemon for each directory, even if the lock's file was
 * removed.
 *
 * A daemon whose lock file is gone stops within a second (`state-guard.ts`). Until then another
 * daemon could take the lock as well. So a daemon that starts checks whether such a daemon still
 * runs, and waits for its end.
 */
import { existsSync, rmSync } from "node:fs";
import { until } from "../../protocol/system/until.js";
import { acquireLock, type KernelLock } from "../os/kernel-lock.js";
import { hasFileOpenIn, holderOfRemovedLock, holdsRemovedLock } from "../os/removed-lock.js";
import type { Layout } from "./layout.js";
import { lockOwnerOf } from "./lock-owner.js";

/** How long a daemon that lost its lock file may take to end, in ms. */
const END_MS = 4000;

/** Null if another daemon holds the state directory. */
export async function lockStateDir(layout: Layout): Promise<KernelLock | null> {
  // Checked before the lock's file is made: every daemon makes that file first.
  const wasUsed = existsSync(layout.version);
  const lock = acquireLock(layout.lock);
  if (lock === null) return null;
  const isFree = await until(() => !isStillUsed(layout, wasUsed && lock.isNew), END_MS);
  if (isFree) return lock;
  // The next daemon that starts finds no lock file again, and makes the same check.
  rmSync(layout.lock, { force: true });
  lock.release();
  return null;
}

/**
 * @param wasRemoved the lock's file existed once and was missing: any process may hold the removed
 * file
 */
function isStillUsed(layout: Layout, wasRemoved: boolean): boolean {
  const owner = lockOwnerOf(layout);
  if (owner !== null && owner.pid !== process.pid) {
    if (holdsRemovedLock(owner.pid, layout.lock) || hasFileOpenIn(owner.pid, layout.journal))
      return true;
  }
  return wasRemoved && holderOfRemovedLock(layout.lock) !== null;
}
