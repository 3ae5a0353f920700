/**
 * Ends a worker that outlived its daemon, if the directory of its attempt was removed, for example with the state
 * directory. No daemon can record the outcome, and nothing else would end the operation. While the daemon that started
 * the worker runs, the daemon decides.
 */
import { existsSync } from "node:fs";
import { endWorker } from "./end-worker.js";
import type { WorkerSetup } from "./messages.js";

const LOOK_MS = 1000;
/** Looks in a row that find the directory missing before the worker ends. */
const ENOUGH = 2;

export class RemovedDirectory {
  readonly #timer: NodeJS.Timeout;
  #missing = 0;
  #ending: Promise<void> | null = null;

  constructor(
    private readonly dir: string,
    private readonly setup: Pick<WorkerSetup, "workerId" | "cgroup">,
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
    if (process.connected || existsSync(this.dir)) this.#missing = 0;
    else if (++this.#missing >= ENOUGH) this.#ending ??= endWorker(this.setup);
  }
}
