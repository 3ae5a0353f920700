/** Worker processes by the files of the state directory: which are alive, which belong to another state directory. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { isLocked } from "../os/kernel-lock.js";
import { isSame, type ProcessIdentity } from "../os/process-identity.js";
import { holdsRemovedLock } from "../os/removed-lock.js";
import type { WorkerIdentity } from "../store/decision.js";

/** The files of a worker, by its id; an adopted worker has them too. */
export function workerFiles(dir: string, workerId: string) {
  return {
    lockFile: join(dir, `${workerId}.lock`),
    stdoutFile: join(dir, `${workerId}.stdout`),
    stderrFile: join(dir, `${workerId}.stderr`),
  };
}

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

/** Boot id of a worker of another state directory: no process of this boot is taken for it. */
const FOREIGN = "another state directory";

/** Device and inode of a directory. A copy of the directory has others. */
export function directoryIdentity(dir: string): string {
  const { dev, ino } = statSync(dir, { bigint: true });
  return `${dev}:${ino}`;
}

/** The worker; if it was started under another state directory, changed so that it counts as dead. */
export function ownOrForeign(worker: WorkerIdentity, stateDir: string): WorkerIdentity {
  if (worker.directory === directoryIdentity(stateDir)) return worker;
  return { ...worker, startTime: null, bootId: FOREIGN };
}

/**
 * Whether the worker belongs to another state directory. A copy of a state directory names the workers of the original.
 * The daemon of the copy never signals, kills or adopts them.
 */
export function isForeign({ bootId }: ProcessIdentity): boolean {
  return bootId === FOREIGN;
}
