/** What a fleet adds to the runs and the starts of operations. */
import type { Decision } from "../../../store/decision.js";

/** Which host of a fleet runs the attempt. */
export interface HostClaim {
  host: string;
  /**
   * Number of the host's session in which the attempt runs; a daemon that starts again begins
   * another session.
   */
  session: number;
  /** Grows with each start of the operation: what belongs to an earlier start is refused. */
  fence: number;
}

declare module "../../../store/decision.js" {
  interface Policy {
    /**
     * The operation runs to its end also where its host is cut off from the fleet. Absent: its
     * processes are killed.
     */
    partition?: "finish";
  }
  interface Run {
    /** The operation that lends it a slot of the queue. Absent: none does. */
    slotOf?: string;
    /** Absent without a fleet. */
    claim?: HostClaim;
  }
}

/**
 * A decision as the engine keeps it. Only the engine knows which host starts an operation, and who
 * lends it a slot.
 */
export type KeptDecision =
  | Exclude<Decision, { kind: "started" }>
  | (Extract<Decision, { kind: "started" }> & Partial<HostClaim> & { slotOf?: string });
