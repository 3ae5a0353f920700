/** The rate of a progress bar. */

const SMOOTH_SECONDS = 3;
/** Over a shorter time, the rate is only noise. */
const MIN_SECONDS = 0.05;

/** Units per second, smoothed over the last few seconds. */
export class Rate {
  #value: number | null = null;
  #done = 0;
  #at: number | null = null;

  at(done: number, now: number): number | null {
    if (this.#at === null) {
      this.#at = now;
      this.#done = done;
      return null;
    }
    const seconds = (now - this.#at) / 1000;
    if (seconds < MIN_SECONDS) return this.#value;
    const latest = (done - this.#done) / seconds;
    const weight = 1 - Math.exp(-seconds / SMOOTH_SECONDS);
    this.#value = this.#value === null ? latest : this.#value + weight * (latest - this.#value);
    this.#at = now;
    this.#done = done;
    return this.#value;
  }
}
