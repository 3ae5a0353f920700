/**
 * Cleans the directory of workers. Removes the files of dead workers, left by a killed daemon, and
 * kills stale workers: workers of an earlier daemon that run no operation and do not exit by
 * themselves.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "../log/log.js";
import { isLocked } from "../os/kernel-lock.js";
import { isUnreadable } from "../run-files/unreadable.js";
import { type WorkerEvents, workerOfEvents } from "../run-files/worker-events.js";
import type { Layout } from "../store/layout.js";
import type { Containment } from "../worker/containment.js";

/**
 * Time between two checks. An idle worker exits at once with its daemon; this time is for a worker
 * still starting.
 */
const LOOK_MS = 5000;

interface StaleWorkerParts {
  layout: Layout;
  /** Knows whether the worker belongs to this daemon's pool or runs an operation. */
  scheduler: { needs(workerId: string): boolean };
  containment: Pick<Containment, "killUnknown">;
  workerEvents: WorkerEvents;
  log: Log;
}

export class StaleWorkerCleaner {
  #timer: NodeJS.Timeout | null = null;
  /** Workers alive and not needed at the last check. */
  #left = new Set<string>();

  constructor(private readonly parts: StaleWorkerParts) {}

  /** Checks now, and repeatedly until no stale worker is left. */
  start(): void {
    this.look();
    this.#timer ??= setInterval(() => {
      if (!this.look()) this.stop();
    }, LOOK_MS).unref();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Checks once; returns whether a stale worker may be left. */
  look(): boolean {
    try {
      return this.#clean();
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.parts.log.warn(
        { err: error },
        "the files of dead workers could not be removed; the next try is soon",
      );
      return true;
    }
  }

  #clean(): boolean {
    const { scheduler, containment, workerEvents, log } = this.parts;
    const dir = this.parts.layout.workers;
    const before = this.#left;
    this.#left = new Set();
    for (const name of readdirSync(dir)) {
      // Other objects in the directory are not ours to remove.
      const workerId = /^([0-9a-z]+)\.(?:lock|stdout|stderr|events\.ndjson)$/.exec(name)?.[1];
      if (workerId === undefined || scheduler.needs(workerId)) continue;
      if (isLocked(join(dir, `${workerId}.lock`))) {
        this.#left.add(workerId);
        continue;
      }
      if (workerOfEvents(name) === null) rmSync(join(dir, name), { force: true, recursive: true });
      else workerEvents.workerEnded(workerId);
    }
    for (const workerId of this.#left) {
      if (!before.has(workerId)) continue;
      void containment.killUnknown(workerId);
      log.warn({ worker: workerId }, "a worker that belongs to no operation was ended");
    }
    return this.#left.size > 0;
  }
}
