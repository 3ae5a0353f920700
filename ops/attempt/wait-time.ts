/**
 * The time in which a stage or step does nothing but wait for operations inside of it to start. It is no part of its
 * duration.
 */
export class WaitTime {
  #working = 0;
  #waiting = 0;
  #since: number | null = null;
  #ms = 0;

  /** @param stage - of a step: that of its stage, in which the step is a part that works or waits */
  constructor(
    private readonly now: () => number,
    private stage: WaitTime | null = null,
  ) {
    stage?.change(1, 0);
  }

  get ms(): number {
    return this.#ms + (this.#since === null ? 0 : this.now() - this.#since);
  }

  /** So many more parts of it work, and so many more wait. */
  change(working: number, waiting: number): void {
    this.#working += working;
    this.#waiting += waiting;
    const waits = this.#waiting > 0 && this.#working === 0;
    if (waits === (this.#since !== null)) return;
    this.#ms = this.ms;
    this.#since = waits ? this.now() : null;
    const sign = waits ? 1 : -1;
    this.stage?.change(-sign, sign);
  }

  /** The step has ended. */
  end(): void {
    if (this.#since === null) this.stage?.change(-1, 0);
    else this.stage?.change(0, -1);
    this.stage = null;
  }
}
