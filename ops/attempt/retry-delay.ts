/**
 * Whether and when a failed attempt is retried automatically, by the daemon and by `liveops run`.
 */
import type { FailureCode } from "../../protocol/errors.js";
import type { Outcome } from "../../protocol/event.js";

/** Longest wait between two attempts, in seconds. */
const MAX_DELAY = 3600;

/**
 * Failures that a retry may avoid. A type that does not load, or invalid params, are not among
 * them.
 */
const WORTH_ANOTHER = new Set<string>([
  "LIVEOPS_EXCEPTION",
  "LIVEOPS_FAILED",
  "LIVEOPS_TIMEOUT",
  "LIVEOPS_WORKER_LOST",
] satisfies FailureCode[]);

/**
 * Seconds until the next attempt, or null where there is none.
 *
 * @param tries - automatic retries until now
 */
export function retryDelay(
  retry: { attempts: number; backoff: number } | null,
  tries: number,
  outcome: Outcome,
): number | null {
  if (!retry || outcome.state !== "failed" || !WORTH_ANOTHER.has(outcome.error?.code ?? ""))
    return null;
  if (tries + 1 >= retry.attempts) return null;
  return Math.min(MAX_DELAY, retry.backoff * 2 ** tries);
}
