/**
 * The states of an operation and the allowed transitions.
 *
 * The daemon's `lifecycle.ts` makes the transitions and checks each against this table first.
 */

/** All states, in their usual order. */
export const STATES = ["queued", "running", "succeeded", "failed", "cancelled"] as const;

/**
 * - `queued`: waits for a worker; the scheduler starts it.
 * - `running`: has a live worker; ends with the outcome or with the death of the worker.
 * - `succeeded`, `failed`, `cancelled`: finished. `retry` puts a failed or cancelled operation back
 *   to `queued`.
 */
export type State = (typeof STATES)[number];

export type FinalState = "succeeded" | "failed" | "cancelled";

const MOVES: Record<State, readonly State[]> = {
  queued: ["running", "cancelled", "failed"],
  // Back to queued: the worker died before it accepted, or its type is resumable.
  running: ["succeeded", "failed", "cancelled", "queued"],
  succeeded: [],
  failed: ["queued"],
  cancelled: ["queued"],
};

/** Whether the transition between the two states is allowed. */
export function mayMove(from: State, to: State): boolean {
  return MOVES[from].includes(to);
}

/** Whether the state is final: only `retry` changes it. */
export function isFinal(state: State): state is FinalState {
  return state === "succeeded" || state === "failed" || state === "cancelled";
}
