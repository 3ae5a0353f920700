/** Whether and when a failed operation is retried automatically. */
import type { FailureCode } from "../../protocol/errors.js";
import type { Outcome } from "../../protocol/event.js";
import type { Entry, Policy } from "../store/decision.js";

/** Longest wait between two attempts, in seconds. */
const MAX_DELAY = 3600;

/** Failures that a retry may avoid. A type that does not load, or invalid params, are not among them. */
const WORTH_ANOTHER = new Set<string>([
  "LIVEOPS_EXCEPTION",
  "LIVEOPS_FAILED",
  "LIVEOPS_TIMEOUT",
  "LIVEOPS_WORKER_LOST",
] satisfies FailureCode[]);

/** Seconds until the next attempt, or null where there is none. The lifecycle handles a recorded cancel. */
export function retryDelay(entry: Entry, policy: Policy, outcome: Outcome): number | null {
  const { retry } = policy;
  if (!retry || outcome.state !== "failed" || !WORTH_ANOTHER.has(outcome.error?.code ?? "")) return null;
  if (entry.tries + 1 >= retry.attempts) return null;
  return Math.min(MAX_DELAY, retry.backoff * 2 ** entry.tries);
}

/** Milliseconds until a waiting operation may start. Where the clock was set back, at most the original delay. */
export function remainingDelay(retryAt: string, queuedAt: string, now: number): number {
  const whole = Math.max(0, Date.parse(retryAt) - Date.parse(queuedAt));
  return Math.min(Math.max(0, Date.parse(retryAt) - now), whole);
}
