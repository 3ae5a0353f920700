/**
 * Workers of another state directory. A copy of a state directory names the workers of the original: they are never
 * signalled, killed or adopted by the daemon of the copy.
 */
import { statSync } from "node:fs";
import type { WorkerIdentity } from "../store/decision.js";
import type { ProcessIdentity } from "./identity.js";

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

export function isForeign({ bootId }: ProcessIdentity): boolean {
  return bootId === FOREIGN;
}
