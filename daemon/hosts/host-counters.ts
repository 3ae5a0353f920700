/** The counters of a host, from the decisions that it records. */
import type { Operation } from "../../protocol/operation.js";
import type { HostCounters } from "../../protocol/replies.js";
import type { Decision } from "../store/decision.js";

export function newCounters(): HostCounters {
  return { claimed: 0, finished: 0, requeued: 0, fenced: 0, shippedBytes: 0 };
}

/** @param before - the record before the decision; null: a new operation */
export function countDecision(
  counters: HostCounters,
  kind: Decision["kind"],
  before: Operation | null,
): void {
  if (kind === "started") counters.claimed++;
  else if (kind === "requeued") counters.requeued++;
  // An operation that is finished in the queue ran nowhere.
  else if (kind === "finished" && before?.state === "running") counters.finished++;
}
