/** Whether a worker lives: it holds the lock on its file, also where somebody removed the file. */
import { existsSync } from "node:fs";
import { isLocked } from "../lock/kernel-lock.js";
import { holdsRemovedLock } from "../lock/removed-lock.js";
import { isSame } from "../process/identity.js";
import type { WorkerIdentity } from "../store/decision.js";
import { workerFiles } from "./pool.js";

/** @param dir of the workers' files */
export function isWorkerAlive(dir: string, worker: WorkerIdentity): boolean {
  const { lockFile } = workerFiles(dir, worker.workerId);
  if (existsSync(lockFile)) return isLocked(lockFile);
  // A copy of a state directory without its locks: that worker holds the lock of the original.
  return isSame(worker) && holdsRemovedLock(worker.pid, lockFile);
}
