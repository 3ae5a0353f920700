/**
 * The directory of workers, kept clean: files of those that are gone, left by a daemon that was killed, are removed,
 * and a worker of an earlier daemon that works for no operation and does not go by itself is ended.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isLocked } from "../os/kernel-lock.js";

/** Between two looks. A worker without work goes at once when its daemon does; this is for one that may still be starting. */
const LOOK_MS = 5000;

interface StaleWorkerOptions {
  dir: string;
  /** Whether the worker is one of ours, or works for an operation. */
  isNeeded(workerId: string): boolean;
  /** Ends a worker and what it started. */
  kill(workerId: string): Promise<void>;
  /** One that worked for nothing we know of was ended. */
  onEnded(workerId: string): void;
}

export class StaleWorkerCleaner {
  #timer: NodeJS.Timeout | null = null;
  /** Alive and not needed at the last look. */
  #left = new Set<string>();

  constructor(private readonly options: StaleWorkerOptions) {}

  /** Looks now, and again until none is left. */
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

  /** Whether any is left. */
  look(): boolean {
    const { dir, isNeeded, kill, onEnded } = this.options;
    const before = this.#left;
    this.#left = new Set();
    for (const name of readdirSync(dir)) {
      // Something else that stands here is not ours to remove.
      const workerId = /^([0-9a-z]+)\.(?:lock|stdout|stderr)$/.exec(name)?.[1];
      if (workerId === undefined || isNeeded(workerId)) continue;
      if (!isLocked(join(dir, `${workerId}.lock`))) rmSync(join(dir, name), { force: true, recursive: true });
      else this.#left.add(workerId);
    }
    for (const workerId of this.#left) {
      if (!before.has(workerId)) continue;
      void kill(workerId);
      onEnded(workerId);
    }
    return this.#left.size > 0;
  }
}
