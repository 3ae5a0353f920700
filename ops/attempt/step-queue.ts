/** The steps of a set that may start now: a step waits for those that make what it needs. */

export class StepQueue {
  readonly #ready: number[] = [];
  /** Number of steps that each one still waits for. */
  readonly #open: number[];
  readonly #dependents = new Map<number, number[]>();
  /** The step that failed, by the step that needs what it makes. */
  readonly #failed = new Map<number, number>();
  #left: number;
  #next = 0;
  #wake: Array<() => void> = [];

  /** @param after - of each step, the places of those that it starts after; they form no circle */
  constructor(after: ReadonlyArray<readonly number[]>) {
    this.#left = after.length;
    this.#open = after.map((places) => places.length);
    for (const [index, places] of after.entries()) {
      if (places.length === 0) this.#ready.push(index);
      for (const place of places) {
        const dependents = this.#dependents.get(place);
        if (dependents) dependents.push(index);
        else this.#dependents.set(place, [index]);
      }
    }
  }

  /**
   * Waits for a step that may start.
   *
   * @returns its place, and the place of a step whose failure leaves it without what it needs;
   *   null: no step is left
   */
  async next(isStopped: () => boolean): Promise<{ index: number; failed: number | null } | null> {
    while (!isStopped() && this.#left > 0) {
      const index = this.#ready[this.#next];
      if (index !== undefined) {
        this.#next++;
        this.#left--;
        return { index, failed: this.#failed.get(index) ?? null };
      }
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    this.#wakeAll();
    return null;
  }

  /**
   * Call when a step has ended: those that waited for it may start.
   *
   * @param isFailed - what the step makes is not there
   */
  ended(index: number, isFailed: boolean): void {
    for (const dependent of this.#dependents.get(index) ?? []) {
      if (isFailed) this.#failed.set(dependent, index);
      this.#open[dependent]!--;
      if (this.#open[dependent] === 0) this.#ready.push(dependent);
    }
    this.#wakeAll();
  }

  #wakeAll(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const each of wake) each();
  }
}
