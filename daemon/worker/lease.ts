/** What features add to a worker: leases of its attempts, and fields of its operations. */
import type { OrderMessage, WorkerSetup } from "./messages.js";

/**
 * Bounds an attempt: once it is over, the worker ends with all that the operation started, without
 * a word.
 */
export interface Lease {
  /** An attempt begins. */
  hold(): void;
  /** Does not return if the attempt's lease is over: no other step or record follows. */
  readonly check: () => void;
  /** The attempt needs no lease any more. */
  release(): void;
}

export interface WorkerFeature {
  /** The worker is idle: prepares what orders to come need. */
  prepare(setup: WorkerSetup): Promise<unknown>;
  /** Null: the feature does not bound the attempt. */
  lease(order: OrderMessage, setup: WorkerSetup): Promise<Lease> | null;
  /** Fields of the operation, beside those of the core. */
  fields(order: OrderMessage): object;
}
