/**
 * Waits for disk space, and shows that the worker waits.
 *
 * The sign must need no disk space and outlive the daemon. So it is a permission bit of the
 * worker's lock file: the worker sets it, and any daemon can read it. The time of its change says
 * since when the worker waits.
 */
import { chmodSync, lstatSync } from "node:fs";
import { isDiskFull } from "../store/durable-file.js";

const RETRY_MS = 250;

const MODE = 0o600;
/** The owner's execute bit, of no use on a lock file. */
const WAITS = 0o100;

/**
 * Blocks until there is disk space. Only for a worker, whose operation cannot continue without it.
 */
export type RetryWhileDiskFull = <T>(make: () => T) => T;

/** @param lockFile - of the worker that waits */
export function waitingAt(lockFile: string): RetryWhileDiskFull {
  return (make) =>
    retryWhileDiskFull(make, (waits) => chmodSync(lockFile, waits ? MODE | WAITS : MODE));
}

export function retryWhileDiskFull<T>(
  make: () => T,
  onWait: (waits: boolean) => void = () => {},
): T {
  for (let waits = false; ; waits = true) {
    try {
      const made = make();
      if (waits) onWait(false);
      return made;
    } catch (error) {
      if (!isDiskFull(error)) {
        if (waits) onWait(false);
        throw error;
      }
      if (!waits) onWait(true);
      pause(RETRY_MS);
    }
  }
}

/** Since when the worker waits for disk space, or null. */
export function waitsSince(lockFile: string): Date | null {
  const stat = lstatSync(lockFile, { throwIfNoEntry: false });
  return stat && (stat.mode & WAITS) !== 0 ? stat.ctime : null;
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
