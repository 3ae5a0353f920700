/**
 * The watchdog thread of a worker in a fleet: ends the worker once its host's lease is over,
 * whatever the main thread does. A busy loop or a call that blocks holds up the checks of the main
 * thread for any time.
 *
 * The thread needs no daemon: after this moment other hosts may run the operation.
 */
import { parentPort, workerData } from "node:worker_threads";
import { endAtOnce, ownSweep } from "../../../worker/end-worker.js";
import type { WorkerSetup } from "../../../worker/messages.js";
import { SharedLease } from "./shared-lease.js";

export interface WatchdogData {
  file: string;
  memory: SharedArrayBuffer;
  setup: Pick<WorkerSetup, "workerId" | "cgroup">;
}

/**
 * How often the file is read, and the processes are looked at, in ms: one that leaves its session
 * is found again only if it was seen before.
 */
const READ_MS = 500;

/**
 * Seconds before the deadline at which all processes are looked for: at the deadline there is no
 * time for it.
 */
const LAST_LOOK = 0.5;

const { file, memory, setup } = workerData as WatchdogData;
const lease = new SharedLease(file, memory);
const sweep = ownSweep(setup);
parentPort?.postMessage("ready");

try {
  watch();
} finally {
  // Also after an error: an attempt that nobody watches could overlap with the next one.
  endAtOnce(setup, sweep);
}

/** Returns when the worker must end. Blocks the thread, which has nothing else to do. */
function watch(): void {
  let isComplete = false;
  while (!lease.isEnding) {
    lease.waitForAttempt();
    lease.read();
    if (lease.isHeld && lease.isOver()) lease.end();
    else if (setup.cgroup === null) {
      const isLast = lease.isHeld && lease.left < LAST_LOOK;
      if (isLast && !isComplete) sweep?.lookEverywhere();
      else sweep?.look();
      isComplete = isLast;
    }
    // At the last look or at the deadline, where that is before the next reading.
    const { left } = lease;
    const next = left > LAST_LOOK ? left - LAST_LOOK : left;
    lease.waitWhile("held", Math.max(1, Math.min(READ_MS, next * 1000 + 1)));
  }
}
