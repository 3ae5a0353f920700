/**
 * The time of an attempt: durations, event times and timers. The daemon and `liveops run` use
 * `SYSTEM_CLOCK`; a test can use another clock.
 */

export interface Clock {
  /** Monotonic time in milliseconds; only differences have a meaning. */
  now(): number;
  /** Wall-clock time, ISO 8601 in UTC. */
  time(): string;
  /**
   * Calls `callback` once, after `ms` milliseconds.
   *
   * @param keepAlive - whether the timer keeps the process alive. Default: false
   * @returns clears the timer
   */
  schedule(ms: number, callback: () => void, keepAlive?: boolean): () => void;
}

/** The time of one attempt; the defaults are those of the daemon. */
export interface AttemptTime {
  /** Default: `SYSTEM_CLOCK`. */
  clock?: Clock;
  /** Seconds; null: no limit. Default: the timeout of the type. */
  timeout?: number | null;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  time: () => new Date().toISOString(),
  schedule(ms, callback, keepAlive = false) {
    const timer = setTimeout(callback, ms);
    if (!keepAlive) timer.unref();
    return () => clearTimeout(timer);
  },
};
