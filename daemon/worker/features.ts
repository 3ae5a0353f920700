/** What features add to a worker, one feature a line. */
import { LEASES } from "../features/fleet/worker/leases.js";
import type { WorkerFeature } from "./lease.js";

export const WORKER_FEATURES: readonly WorkerFeature[] = [
  // The first one with a lease bounds the attempt.
  LEASES,
];
