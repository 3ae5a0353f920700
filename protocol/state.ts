/**
 * The states of an operation and the only moves between them.
 *
 * One module performs the moves (the daemon's `lifecycle.ts`; text mode goes through the same fold), and every
 * one of them is checked against this table first.
 */

/** All states, in the order an operation passes through them. */
export const STATES = ["queued", "running", "succeeded", "failed", "cancelled"] as const;

/**
 * - `queued`: waits for a worker; the executor moves it on.
 * - `running`: has a live worker; its outcome, or the worker's death, moves it on.
 * - `succeeded`, `failed`, `cancelled`: finished; only `retry` moves one on, back to `queued`.
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

/** Whether an operation may go from one state to the other. */
export function mayMove(from: State, to: State): boolean {
  return MOVES[from].includes(to);
}

/** Whether the operation is over: nothing but `retry` changes it. */
export function isFinal(state: State): state is FinalState {
  return state === "succeeded" || state === "failed" || state === "cancelled";
}
