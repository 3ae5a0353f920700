/**
 * The clock of the screen: the wall clock as it was last trusted, and from there the monotonic one. A jump of the wall
 * clock makes no operation look older. The wall clock is trusted again once a time of the daemon agrees with it.
 */
export interface Clock {
  /** Wall clock, ms. */
  now(): number;
  /** Something happened at this time, just now as far as the daemon is concerned. */
  heard?(at: number): void;
}

/** Milliseconds by which the clocks may differ without anything having been set. */
const SLACK = 2000;

export class SteadyClock implements Clock {
  #wall: number;
  #steady: number;

  constructor(
    private readonly wallClock: () => number = Date.now,
    private readonly monotonic: () => number = () => performance.now(),
  ) {
    this.#wall = wallClock();
    this.#steady = monotonic();
  }

  now(): number {
    return Math.round(this.#wall + this.monotonic() - this.#steady);
  }

  heard(at: number): void {
    const wall = this.wallClock();
    if (Math.abs(wall - this.now()) <= SLACK || Math.abs(wall - at) > SLACK) return;
    this.#wall = wall;
    this.#steady = this.monotonic();
  }
}
