/**
 * Worker processes by the files of the state directory: which are alive, which belong to another
 * state directory.
 */
import { existsSync } from "node:fs";
import { isLocked } from "../os/kernel-lock.js";
import { isSame, type ProcessIdentity } from "../os/process-identity.js";
import { holdsRemovedLock } from "../os/removed-lock.js";
import type { WorkerIdentity } from "../store/decision.js";
import { workerFiles } from "../store/layout.js";

/**
 * Whether a worker is alive: it holds the lock on its file, even if the file was removed.
 *
 * @param dir of the workers' files
 */
export function isWorkerAlive(dir: string, worker: WorkerIdentity): boolean {
  const { lockFile } = workerFiles(dir, worker.workerId);
  if (existsSync(lockFile)) return isLocked(lockFile);
  // In a copy of a state directory without its locks, the worker holds the lock of the original.
  return isSame(worker) && holdsRemovedLock(worker.pid, lockFile);
}

/** Boot ids of workers of another state directory: no process of this boot is taken for them. */
const FOREIGN = "another state directory";
const OF_ORIGINAL = "the original of this state directory";

/**
 * Changes a worker that was started under another state directory so that it counts as dead. The
 * daemon never signals, kills or adopts such a worker.
 *
 * @param isOfOriginal the worker may still run its operation for the directory that this one was
 *   copied from
 */
export function asForeign(worker: WorkerIdentity, isOfOriginal: boolean): WorkerIdentity {
  // Without its cgroup, which is the other daemon's.
  const { cgroup: _, ...rest } = worker;
  return { ...rest, startTime: null, bootId: isOfOriginal ? OF_ORIGINAL : FOREIGN };
}

/** Whether the worker belongs to another state directory. */
export function isForeign({ bootId }: ProcessIdentity): boolean {
  return bootId === FOREIGN || bootId === OF_ORIGINAL;
}

/** Whether the operation of the worker may still run for the original of this state directory. */
export function mayRunElsewhere({ bootId }: ProcessIdentity): boolean {
  return bootId === OF_ORIGINAL;
}
