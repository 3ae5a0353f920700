/**
 * The lock of a state directory: one daemon for each, also where somebody removed the lock's file.
 *
 * A daemon whose lock file is gone stops within a second (`state-guard.ts`). Until then whoever finds the name free
 * could take the lock as well. So a starter looks whether such a daemon still runs, and waits for its end.
 */
import { existsSync, rmSync } from "node:fs";
import type { Layout } from "../store/layout.js";
import { lockOwnerOf } from "../store/lock-owner.js";
import { acquireLock, type KernelLock } from "./kernel-lock.js";
import { hasFileOpenIn, holderOfRemovedLock, holdsRemovedLock } from "./removed-lock.js";
import { until } from "./until.js";

/** How long a daemon that lost its lock file may take until it is gone, in ms. */
const END_MS = 4000;

/** Null where another daemon has the state directory. */
export async function lockStateDir(layout: Layout): Promise<KernelLock | null> {
  // Asked before the lock's file is made: every daemon makes that one first.
  const wasUsed = existsSync(layout.version);
  const lock = acquireLock(layout.lock);
  if (lock === null) return null;
  const isFree = await until(() => !isStillUsed(layout, wasUsed && lock.isNew), END_MS);
  if (isFree) return lock;
  // The next starter finds no lock file again, and looks as this one did.
  rmSync(layout.lock, { force: true });
  lock.release();
  return null;
}

/** @param wasRemoved the lock's file was there once, and was missing: any process may hold the removed one */
function isStillUsed(layout: Layout, wasRemoved: boolean): boolean {
  const owner = lockOwnerOf(layout);
  if (owner !== null && owner.pid !== process.pid) {
    if (holdsRemovedLock(owner.pid, layout.lock) || hasFileOpenIn(owner.pid, layout.journal)) return true;
  }
  return wasRemoved && holderOfRemovedLock(layout.lock) !== null;
}
