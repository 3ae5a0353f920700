/** The progress bar of one block, and its rate. */

const SMOOTH_SECONDS = 3;
/** Over a shorter time, the rate is only noise. */
const MIN_SECONDS = 0.05;

/** Units per second over the last few seconds: older ones count less. */
export class Rate {
  /** Units, and the seconds that they took. */
  #units = 0;
  #seconds = 0;
  #done = 0;
  #at: number | null = null;

  at(done: number, now: number): number | null {
    if (this.#at === null) {
      this.#at = now;
      this.#done = done;
      return null;
    }
    const seconds = (now - this.#at) / 1000;
    if (seconds >= MIN_SECONDS) {
      const kept = Math.exp(-seconds / SMOOTH_SECONDS);
      // The units count evenly over these seconds.
      const weight = ((1 - kept) * SMOOTH_SECONDS) / seconds;
      this.#units = this.#units * kept + (done - this.#done) * weight;
      this.#seconds = this.#seconds * kept + seconds * weight;
      this.#at = now;
      this.#done = done;
    }
    return this.#seconds === 0 ? null : this.#units / this.#seconds;
  }
}

/** A tracked loop or a program, as the bar reads it. */
export interface Counted {
  readonly done: number;
  readonly total: number | null;
  readonly unit: string | null;
  readonly label: string | null;
  /** In place of `done` of `total`. Null or absent: these say it. */
  readonly percent?: number | null;
  /** `done` with the parts of items that are not done yet, for the rate. Default: `done`. */
  readonly reached?: number;
  /** Part of it that took no time. Default: 0. */
  readonly skipped?: number;
  /** An estimate of liveops. Default: false. */
  readonly isApproximate?: boolean;
}

/** The bar of one block. */
export interface Bar {
  percent: number;
  counted: Counted | null;
  rate: Rate;
  /**
   * Who reports to the bar: a program, or the code of the block; null: nobody yet, or a program
   * that has ended.
   */
  holder: object | null;
}

export const NEW_BAR = (): Bar => ({ percent: 0, counted: null, rate: new Rate(), holder: null });
