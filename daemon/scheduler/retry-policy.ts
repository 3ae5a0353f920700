/** When an operation that waits for its retry may start. */

/** Milliseconds until a waiting operation may start. Where the clock was set back, at most the original delay. */
export function remainingDelay(retryAt: string, queuedAt: string, now: number): number {
  const whole = Math.max(0, Date.parse(retryAt) - Date.parse(queuedAt));
  return Math.min(Math.max(0, Date.parse(retryAt) - now), whole);
}
