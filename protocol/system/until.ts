/**
 * Waits for a bounded time or until an abort: for a promise, or by polling for events that nothing
 * announces.
 */

const AGAIN_MS = 20;

/**
 * Polls, for what another process does: its socket, its lock, its end.
 *
 * @returns the first answer that is neither null nor false, or null when the time is up
 */
export async function until<T>(
  ask: () => T | Promise<T>,
  ms: number,
): Promise<NonNullable<T> | null> {
  const end = performance.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() >= end) return null;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/** Resolves as the promise does, at the latest after `ms`. */
export async function atMost(ms: number, promise: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}

/** As the work, or the reason of the signal as soon as it is aborted. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener("abort", abort));
}
