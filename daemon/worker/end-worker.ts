/** Ends a worker from within, with all that its operation started. For a worker whose daemon may be dead. */
import { setTimeout as delay } from "node:timers/promises";
import type { ProcessSweep } from "../../ops/process/process-sweep.js";
import { Cgroup } from "../os/cgroup.js";
import { identify, sweepOf } from "../os/process-identity.js";
import type { WorkerSetup } from "./messages.js";

/** Longest time of the search for processes, in ms; then the worker ends, whatever it leaves behind. */
const SWEEP_MS = 1000;

/** The sweep of this worker's own processes; null if the system does not show them. */
export function ownSweep({ workerId }: Pick<WorkerSetup, "workerId">): ProcessSweep | null {
  return sweepOf({ ...identify(process.pid), workerId });
}

/**
 * Kills every process that the worker started, in whatever session, and then this process. Nothing is written: the
 * attempt looks like that of a worker that was killed.
 *
 * @param sweep that has looked at the processes before; default: a new one
 */
export async function endWorker(
  setup: Pick<WorkerSetup, "workerId" | "cgroup">,
  sweep: ProcessSweep | null = ownSweep(setup),
): Promise<void> {
  try {
    await Promise.race([sweep?.kill(), delay(SWEEP_MS)]);
  } finally {
    // With this process. A freeze would stop this process before it kills the others.
    if (setup.cgroup !== null) new Cgroup(setup.cgroup).killAtOnce();
    process.kill(process.pid, "SIGKILL");
  }
}
