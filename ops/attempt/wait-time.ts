import type { Clock } from "./clock.js";

/** Ms after which a wait is told: most operations start at once. */
export const SHOWN_WAIT = 200;

/**
 * The time in which a stage, a step, or an operation inside of them does nothing but wait for a
 * slot. It is no part of the duration.
 */
export class WaitTime {
  #working = 0;
  #waiting = 0;
  #since: number | null = null;
  #ms = 0;

  constructor(
    private readonly now: () => number,
    private outer: WaitTime | null = null,
    private readonly changed: (waits: boolean) => void = () => {},
  ) {
    outer?.change(1, 0);
  }

  get ms(): number {
    return this.#ms + (this.#since === null ? 0 : this.now() - this.#since);
  }

  /** A step, a program or an operation that begins now, and works. */
  part(): WaitTime {
    return new WaitTime(this.now, this);
  }

  setWaits(waits: boolean): void {
    if (waits === (this.#since !== null)) return;
    this.#ms = this.ms;
    this.#since = waits ? this.now() : null;
    const sign = waits ? 1 : -1;
    this.outer?.change(-sign, sign);
    this.changed(waits);
  }

  /** The part has ended. */
  end(): void {
    this.setWaits(false);
    this.outer?.change(-1, 0);
    this.outer = null;
  }

  /** So many more parts work, and so many more wait. */
  private change(working: number, waiting: number): void {
    this.#working += working;
    this.#waiting += waiting;
    this.setWaits(this.#waiting > 0 && this.#working === 0);
  }
}

/** @param tell - called where a wait begins and ends, with the seconds of all waits until then */
export function stageWaitTime(
  clock: Clock,
  tell: (waits: boolean, seconds: number) => void,
): WaitTime {
  let clear = () => {};
  let isTold = false;
  const waitTime: WaitTime = new WaitTime(
    () => clock.now(),
    null,
    (waits) => {
      clear();
      const say = () => {
        isTold = waits;
        tell(waits, Math.round(waitTime.ms) / 1000);
      };
      if (waits) clear = clock.schedule(SHOWN_WAIT, say);
      else if (isTold) say();
    },
  );
  return waitTime;
}
