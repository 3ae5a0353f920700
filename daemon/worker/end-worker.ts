/** Ends a worker from within, with all that its operation started. For a worker whose daemon may be dead. */
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { ProcessSweep } from "../../ops/programs/process-sweep.js";
import { Cgroup } from "../os/cgroup.js";
import { identify, sweepOf } from "../os/process-identity.js";
import type { WorkerSetup } from "./messages.js";

type Ending = Pick<WorkerSetup, "workerId" | "cgroup">;

/** Longest time of the search for processes, in ms; then the worker ends, whatever it leaves behind. */
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
 * Kills what the operation started, as far as it is known, and this process, in one turn: after this call the attempt
 * has no more effects. Nothing is written: the attempt looks like that of a worker that was killed.
 *
 * There is no search first. The operation would run on beside the search, and another host may begin the next attempt.
 * The daemon, or the next one, searches for what is left.
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

/** As `endAtOnce`, after a search for every process that the worker started, in whatever session: nobody searches later. */
async function endWorker(setup: Ending): Promise<void> {
  const sweep = ownSweep(setup);
  try {
    await Promise.race([sweep?.kill(), delay(SWEEP_MS)]);
  } finally {
    endAtOnce(setup, sweep);
  }
}

/**
 * Ends a worker that outlived its daemon, if its events were removed, for example with the state directory. No daemon can record the outcome, and nothing else would end the operation. While the daemon that started
 * the worker runs, the daemon decides.
 */
export class RemovedFiles {
  readonly #timer: NodeJS.Timeout;
  #missing = 0;
  #ending: Promise<void> | null = null;

  constructor(
    /** The file or directory of the events. */
    private readonly path: string,
    private readonly setup: Ending,
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
    else if (++this.#missing >= ENOUGH) this.#ending ??= endWorker(this.setup);
  }
}
