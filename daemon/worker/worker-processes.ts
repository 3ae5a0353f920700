/** Worker processes as the files of the state directory tell of them: which live, and which belong to another one. */
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
 * Whether a worker lives: it holds the lock on its file, also where somebody removed the file.
 *
 * @param dir of the workers' files
 */
export function isWorkerAlive(dir: string, worker: WorkerIdentity): boolean {
  const { lockFile } = workerFiles(dir, worker.workerId);
  if (existsSync(lockFile)) return isLocked(lockFile);
  // A copy of a state directory without its locks: that worker holds the lock of the original.
  return isSame(worker) && holdsRemovedLock(worker.pid, lockFile);
}

/** Boot id of a worker that is not ours: no process of this boot is taken for it. */
const FOREIGN = "another state directory";

/** Device and inode of a directory, which no copy of it has. */
export function directoryIdentity(dir: string): string {
  const { dev, ino } = statSync(dir, { bigint: true });
  return `${dev}:${ino}`;
}

/** The worker, or where it was started under another state directory, one that is dead for every purpose. */
export function ownOrForeign(worker: WorkerIdentity, stateDir: string): WorkerIdentity {
  if (worker.directory === directoryIdentity(stateDir)) return worker;
  return { ...worker, startTime: null, bootId: FOREIGN };
}

/**
 * Workers of another state directory. A copy of a state directory names the workers of the original: they are never
 * signalled, killed or adopted by the daemon of the copy.
 */
export function isForeign({ bootId }: ProcessIdentity): boolean {
  return bootId === FOREIGN;
}
