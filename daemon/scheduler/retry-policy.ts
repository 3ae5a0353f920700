/** Whether, and when, an operation that failed is run again by itself. */
import type { FailureCode } from "../../protocol/errors.js";
import type { Outcome } from "../../protocol/event.js";
import type { Entry, Policy } from "../store/decision.js";

/** Longest wait between two attempts, in seconds. */
const MAX_DELAY = 3600;

/** What may be otherwise the next time. A type that does not load, or params that do not fit, are not. */
const WORTH_ANOTHER = new Set<string>([
  "LIVEOPS_EXCEPTION",
  "LIVEOPS_FAILED",
  "LIVEOPS_TIMEOUT",
  "LIVEOPS_WORKER_LOST",
] satisfies FailureCode[]);

/** Seconds until the next attempt, or null where there is none. A recorded cancel is seen to by the lifecycle. */
export function retryDelay(entry: Entry, policy: Policy, outcome: Outcome): number | null {
  const { retry } = policy;
  if (!retry || outcome.state !== "failed" || !WORTH_ANOTHER.has(outcome.error?.code ?? "")) return null;
  if (entry.tries + 1 >= retry.attempts) return null;
  return Math.min(MAX_DELAY, retry.backoff * 2 ** entry.tries);
}

/** Milliseconds until a waiting operation may start: a clock that was set back makes it wait once more, not a day. */
export function remainingDelay(retryAt: string, queuedAt: string): number {
  const whole = Math.max(0, Date.parse(retryAt) - Date.parse(queuedAt));
  return Math.min(Math.max(0, Date.parse(retryAt) - Date.now()), whole);
}
