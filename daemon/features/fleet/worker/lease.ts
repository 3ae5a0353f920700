/**
 * The lease of this host in a fleet, for the main thread of a worker: before each step and each
 * record the worker checks that its host may still run the operation.
 *
 * The watchdog thread alone is not enough: a process that was stopped (SIGSTOP) or suspended runs
 * on at the same moment as its watchdog, and would begin another step before the watchdog has
 * looked.
 */
import { once } from "node:events";
import { endAtOnce } from "../../../worker/end-worker.js";
import type { Lease } from "../../../worker/lease.js";
import type { WorkerSetup } from "../../../worker/messages.js";
import type { WatchdogData } from "./lease-watchdog.js";
import { SharedLease } from "./shared-lease.js";

/** How long a reading of the clock counts, in ms: it costs 5 µs, a check without it 0.1 µs. */
const FRESH_MS = 20;

/**
 * A jump of the clock of `Date` against the monotonic clock, in ms: the machine may have been
 * suspended.
 */
const JUMP_MS = 5;

/** How long the watchdog may take to end the worker, in ms; then the main thread does. */
const END_MS = 3000;

export class HostLease implements Lease {
  readonly #shared: SharedLease;
  /** Until when no check reads the clock, by the monotonic clock. */
  #freshUntil = Number.NEGATIVE_INFINITY;
  /** The clock of `Date` less the monotonic clock. */
  #offset = 0;

  private constructor(shared: SharedLease) {
    this.#shared = shared;
  }

  /**
   * Starts the watchdog thread, which stays until the worker ends. Resolves when it runs.
   *
   * @param file of the lease
   * @param program of the thread
   * @throws Error if there is no thread: an attempt must not run without it
   */
  static async open(
    file: string,
    program: URL,
    { workerId, cgroup }: WorkerSetup,
  ): Promise<HostLease> {
    // Only a fleet needs threads.
    const { Worker } = await import("node:worker_threads");
    const shared = new SharedLease(file);
    const workerData: WatchdogData = { file, memory: shared.memory, setup: { workerId, cgroup } };
    const thread = new Worker(program, {
      name: "lease-watchdog",
      workerData,
      // Not those of the worker, which an operation may change.
      env: {},
      execArgv: [],
      // Megabytes: Node would let the thread take 16 for its short-lived values alone.
      resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 64 },
    });
    await once(thread, "message");
    thread.unref();
    // The thread ran out of memory.
    thread.on("error", () => endAtOnce({ workerId, cgroup }));
    return new HostLease(shared);
  }

  /** An attempt begins. */
  hold(): void {
    this.#shared.hold();
    this.#freshUntil = Number.NEGATIVE_INFINITY;
  }

  /** The attempt needs no lease any more. */
  release(): void {
    this.#shared.release();
  }

  /**
   * Does not return if an attempt's lease is over: the worker ends, and no other step or record
   * follows.
   */
  readonly check = (): void => {
    const now = performance.now();
    const offset = Date.now() - now;
    const isFresh = now < this.#freshUntil && Math.abs(offset - this.#offset) < JUMP_MS;
    if (isFresh && !this.#shared.isEnding) return;
    if (!this.#shared.isHeld && !this.#shared.isEnding) return;
    if (this.#shared.isEnding || this.#shared.isOver()) this.#end();
    this.#offset = offset;
    this.#freshUntil = now + Math.min(FRESH_MS, this.#shared.left * 1000);
  };

  /** Wakes the watchdog, which ends everything, and blocks: this thread does nothing more. */
  #end(): void {
    this.#shared.end();
    this.#shared.waitWhile("ending", END_MS);
    process.kill(process.pid, "SIGKILL");
    this.#shared.waitWhile("ending");
  }
}
