/**
 * Waiting for room on the disk, and showing that one waits.
 *
 * The sign must need no room itself and outlive the daemon: it is a permission bit of the worker's lock file, set by
 * the worker, looked at by whichever daemon there is. The time of its change says since when.
 */
import { chmodSync, lstatSync } from "node:fs";
import { isDiskFull } from "../store/durable-file.js";

const RETRY_MS = 250;

const MODE = 0o600;
/** The owner's execute bit, of no use on a lock file. */
const WAITS = 0o100;

/** Blocks until there is room: for a worker alone, whose operation cannot go on without. */
export type RetryWhileDiskFull = <T>(make: () => T) => T;

/** @param lockFile - of the worker that waits */
export function waitingAt(lockFile: string): RetryWhileDiskFull {
  return (make) => retryWhileDiskFull(make, (waits) => chmodSync(lockFile, waits ? MODE | WAITS : MODE));
}

export function retryWhileDiskFull<T>(make: () => T, onWait: (waits: boolean) => void = () => {}): T {
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

/** Since when the worker waits for room, or null. */
export function waitsSince(lockFile: string): Date | null {
  const stat = lstatSync(lockFile, { throwIfNoEntry: false });
  return stat && (stat.mode & WAITS) !== 0 ? stat.ctime : null;
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
