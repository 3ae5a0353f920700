/** Locks the state directory and the socket for this daemon alone, for as long as it runs. */

import type { LockOwner } from "../../protocol/system/lock-owner.js";
import type { CleanupStack } from "../cleanup-stack.js";
import type { KernelLock } from "../os/kernel-lock.js";
import type { Settings } from "../settings.js";
import { checkStateDir } from "../store/directories.js";
import { type Layout, layoutOf } from "../store/layout.js";
import { lockOwnerOf, removeLockOwner, writeLockOwner } from "../store/lock-owner.js";
import { prepareStateFiles, putAsideIfOdd } from "../store/quarantine.js";
import { lockStateDir } from "../store/state-lock.js";
import { checkSocketPath, DaemonSocket } from "./listen.js";

/**
 * Another daemon has the state directory or the socket; `owner` is that daemon, where the state
 * directory names it.
 */
export class AlreadyRunningError extends Error {
  override name = "AlreadyRunningError";
  constructor(
    message: string,
    readonly owner: LockOwner | null,
  ) {
    super(message);
  }
}

export interface HeldPlaces {
  layout: Layout;
  stateLock: KernelLock;
  socket: DaemonSocket;
  /** What was moved aside, in words. */
  problems: string[];
}

/**
 * Takes both locks and creates the directories.
 *
 * @throws AlreadyRunningError where another daemon holds a lock; PlaceError where a directory or
 *   socket is unusable
 */
export async function holdPlaces(settings: Settings, cleanup: CleanupStack): Promise<HeldPlaces> {
  const layout = layoutOf(settings.stateDir);
  checkSocketPath(settings.socket);
  checkStateDir(layout);
  const oddLock = putAsideIfOdd(layout.lock);
  const stateLock = await lockStateDir(layout);
  if (!stateLock) {
    const message = `another daemon uses the state directory ${settings.stateDir}`;
    throw new AlreadyRunningError(message, lockOwnerOf(layout));
  }
  cleanup.add(() => stateLock.release());
  const problems = prepareStateFiles(layout, settings.socket);
  if (oddLock !== null) problems.push(oddLock);
  const socket = DaemonSocket.take(settings.socket);
  if (!socket)
    throw new AlreadyRunningError(`another daemon uses the socket ${settings.socket}`, null);
  cleanup.add(() => socket.release());
  writeLockOwner(layout, settings, settings.socket);
  cleanup.add(() => removeLockOwner(layout));
  return { layout, stateLock, socket, problems };
}
