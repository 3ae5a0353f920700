/** Claims: who may run a queued operation. On one machine the daemon alone decides; in a fleet, the engine does. */
import type { Lifecycle } from "../lifecycle.js";
import type { Entry, WorkerIdentity } from "../store/decision.js";
import { type Candidate, turnOf } from "./candidate.js";
import type { Queues } from "./queues.js";

export interface Offer {
  candidate: Candidate;
  worker: WorkerIdentity;
  /** Number of the slot of its queue, from 1. */
  slot: number;
  /** Whether this host still starts operations. */
  mayStart(): boolean;
}

export interface Claims {
  /**
   * Records the start of the operation, durably.
   *
   * @returns the started entry; null: the operation is no longer queued, or may not start now
   * @throws NotRecordedError where the start cannot be recorded now
   */
  next(offer: Offer): Promise<Entry | null>;
}

/**
 * The claims of one machine. The lookup of the type takes time: an operation that was edited or retried meanwhile, or
 * whose queue was paused, does not start. It may belong elsewhere now.
 */
export function claimsOf(lifecycle: Pick<Lifecycle, "start">, queues: Pick<Queues, "isOpen">): Claims {
  return {
    next: ({ candidate: { entry, policy, turn }, worker, slot, mayStart }) =>
      lifecycle.start(
        entry.record.id,
        worker,
        policy,
        slot,
        (now) => mayStart() && turnOf(now) === turn && queues.isOpen(now.record.queue),
      ),
  };
}
