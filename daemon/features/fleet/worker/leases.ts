/** The lease of this host in a worker, for one attempt after the other, and `this.fence`. */
import type { WorkerFeature } from "../../../worker/lease.js";
import type { WorkerSetup } from "../../../worker/messages.js";
import { HostLease } from "./lease.js";

declare module "../../../worker/messages.js" {
  interface WorkerSetup {
    /**
     * The file of the lease of orders to come: the watchdog thread starts while the worker is idle.
     * Absent: no fleet.
     */
    lease?: string;
  }
  interface OrderMessage {
    /**
     * The file of the lease: JSON `{"deadline": seconds}`, on the scale of `os.uptime()`, always
     * replaced as a whole. Without effect where the policy of the run has the partition `finish`.
     * Absent: no fleet.
     */
    lease?: string;
    /** A number that is greater in each later attempt, for `this.fence`. Absent: no fleet. */
    fence?: number;
  }
}

/** Lease of the last order, kept for the next order. */
let last: { file: string; opened: Promise<HostLease> } | null = null;

/** The lease with its watchdog thread, which serves all attempts of this worker. */
function open(file: string, setup: WorkerSetup): Promise<HostLease> {
  if (last?.file !== file) {
    const program = new URL("./lease-watchdog.js", import.meta.url);
    last = { file, opened: HostLease.open(file, program, setup) };
  }
  return last.opened;
}

export const LEASES: WorkerFeature = {
  prepare: async (setup) => setup.lease && open(setup.lease, setup),
  // Where its partition is `finish`, the operation runs to its end wherever its host is.
  lease: ({ lease, entry }, setup) =>
    lease && entry.run?.policy.partition !== "finish" ? open(lease, setup) : null,
  fields: ({ fence = null }) => ({ fence }),
};
