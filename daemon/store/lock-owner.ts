/**
 * The lock owner: which daemon holds the state directory, written by that daemon for a process that
 * is refused the lock. The file is only a hint: the lock shows whether a daemon holds the
 * directory, and the daemon on the socket whether it is that daemon.
 */
import {
  directoryIdentity,
  type LockOwner,
  readLockOwner,
} from "../../protocol/system/lock-owner.js";
import { identify } from "../os/process-identity.js";
import type { Settings } from "../settings.js";
import { asWords, optionsOf } from "../start-words.js";
import { removeIfPossible, replaceFileUnsynced } from "./durable-file.js";
import type { Layout } from "./layout.js";

/**
 * Names this daemon, which answers on `socket`. Not synced, and skipped on a full disk: nothing
 * depends on the file.
 */
export function writeLockOwner(
  { root, lockOwner }: Layout,
  settings: Settings,
  socket: string,
): void {
  const directory = directoryIdentity(root);
  // The state directory was removed.
  if (directory === null) return;
  const { pid, startTime } = identify(process.pid);
  const who: LockOwner = { pid, startTime, socket, directory, start: asWords(optionsOf(settings)) };
  try {
    replaceFileUnsynced(lockOwner, `${JSON.stringify(who)}\n`);
  } catch {
    removeIfPossible(`${lockOwner}.tmp`, lockOwner);
  }
}

/**
 * Another daemon's file is left alone: its state directory may be in the place of this daemon's.
 */
export function removeLockOwner({ lockOwner }: Layout): void {
  if (readLockOwner(lockOwner)?.pid === process.pid) removeIfPossible(lockOwner);
}

/** Null where the owner is unknown. */
export function lockOwnerOf({ lockOwner }: Layout): LockOwner | null {
  return readLockOwner(lockOwner);
}
