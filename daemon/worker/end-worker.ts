/**
 * Ends a worker from within, with all that its operation started. For a worker whose daemon may be
 * dead.
 */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ProcessSweep } from "../../ops/programs/process-sweep.js";
import type { AppendFile } from "../../protocol/system/append-file.js";
import { Cgroup } from "../os/cgroup.js";
import { acquireLock, type KernelLock } from "../os/kernel-lock.js";
import { identify, sweepOf } from "../os/process-identity.js";
import { layoutOf } from "../store/layout.js";
import type { WorkerSetup } from "./messages.js";

type Ending = Pick<WorkerSetup, "workerId" | "cgroup">;

/**
 * Longest time of the search for processes, in ms; then the worker ends, whatever it leaves behind.
 */
const SWEEP_MS = 1000;

/** Time between two looks, in ms. */
const LOOK_MS = 1000;
/** Looks in a row that find the events missing before the worker ends. */
const ENOUGH = 2;

/** The sweep of this worker's own processes; null if the system does not show them. */
export function ownSweep({ workerId }: Pick<Ending, "workerId">): ProcessSweep | null {
  return sweepOf({ ...identify(process.pid), workerId });
}

/**
 * Kills what the operation started, as far as it is known, and this process, in one turn: after
 * this call the attempt has no more effects. Nothing is written: the attempt looks like that of a
 * worker that was killed.
 *
 * There is no search first. The operation would run on beside the search, and another host may
 * begin the next attempt. The daemon, or the next one, searches for what is left.
 *
 * @param sweep that has looked at the processes before; default: a new one
 */
export function endAtOnce(setup: Ending, sweep: ProcessSweep | null = ownSweep(setup)): void {
  try {
    if (setup.cgroup !== null) new Cgroup(setup.cgroup).killAtOnce();
    sweep?.killRecorded();
  } finally {
    process.kill(process.pid, "SIGKILL");
  }
}

/**
 * As `endAtOnce`, after a search for every process that the worker started, in whatever session:
 * nobody searches later.
 */
async function endWorker(setup: Ending): Promise<void> {
  const sweep = ownSweep(setup);
  try {
    await Promise.race([sweep?.kill(), delay(SWEEP_MS)]);
  } finally {
    endAtOnce(setup, sweep);
  }
}

/**
 * Looks whether the events of a worker that outlived its daemon were removed. With the state
 * directory: the worker ends, since no daemon can record the outcome, and nothing else would end
 * the operation. With the directory of the workers alone: the worker writes them anew. While the
 * daemon that started the worker runs, the daemon decides.
 */
export class RemovedFiles {
  readonly #timer: NodeJS.Timeout;
  #missing = 0;
  #ending: Promise<void> | null = null;
  /** The lock that was taken in the place of the removed one. */
  #lock: KernelLock | null = null;

  constructor(
    /** The file of the events. */
    private readonly path: string,
    private readonly setup: Ending & Pick<WorkerSetup, "lockFile">,
    private readonly events: AppendFile,
  ) {
    // With a ref, the timer would hide an operation that never settles.
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** Stops the looks. Does not return if the worker is being ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#ending;
  }

  #look(): void {
    if (process.connected || existsSync(this.path)) this.#missing = 0;
    else if (++this.#missing >= ENOUGH && !this.writeAnew()) this.#ending ??= endWorker(this.setup);
  }

  /**
   * Writes removed events anew. Where that fails, the next look tries again: the open file still
   * takes events.
   *
   * @returns false if the state directory is gone
   */
  writeAnew(): boolean {
    if (existsSync(this.path)) return true;
    const dir = dirname(this.path);
    if (!existsSync(layoutOf(dirname(dir)).version)) return false;
    try {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      // Before the events: the file of a worker without a lock is that of a dead one.
      if (!existsSync(this.setup.lockFile))
        this.#lock = acquireLock(this.setup.lockFile) ?? this.#lock;
      this.events.writeAnew(this.path);
    } catch {
      // The disk is full, or another daemon makes the directory at this moment.
    }
    return true;
  }
}
