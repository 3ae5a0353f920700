/** A clock that moves only when the test moves it. */
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../../ops/attempt/clock.js";

interface Timer {
  at: number;
  callback: () => void;
}

/**
 * The clock of an operation under test: it stands still until `advance`.
 *
 * The clock decides the times and durations of events, the rate and the throttling of the progress
 * bar, the timeout and the grace period. It does not change `Date`, `performance` or the timers of
 * the operation itself; use the fake timers of the test runner for those.
 */
export class FakeClock implements Clock {
  readonly #start: number;
  #now = 0;
  #timers: Timer[] = [];

  /** @param start - the wall-clock time at the start. Default: 2026-01-01 00:00 UTC */
  constructor(start: Date | string = "2026-01-01T00:00:00.000Z") {
    this.#start = new Date(start).getTime();
    if (Number.isNaN(this.#start))
      throw new RangeError(`FakeClock takes a date, not ${String(start)}`);
  }

  /** Milliseconds since the start. */
  now(): number {
    return this.#now;
  }

  /** The wall-clock time, ISO 8601 in UTC. */
  time(): string {
    return new Date(this.#start + this.#now).toISOString();
  }

  /** Used by the runner: calls `callback` once, when the clock is `ms` milliseconds further. */
  schedule(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /**
   * Moves the clock. Timers that are due fire in order before the call returns, so that a loop that
   * never awaits can move the clock too. Await the call to let the operation react.
   *
   * @param ms - milliseconds, 0 or more
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`advance takes milliseconds, 0 or more, not ${ms}`);
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end);
      if (due.length === 0) break;
      const next = due.reduce((first, each) => (each.at < first.at ? each : first));
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = Math.max(this.#now, end);
    await turn();
  }
}
