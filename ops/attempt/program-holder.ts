/** Connects a program of `p.exec` with the bar of the block that started it. */
import type { BarTarget, BarValue } from "../programs/progress/program-bar.js";
import type { Bar, Meter } from "./meter.js";

export class ProgramHolder implements BarTarget {
  readonly #bar: Bar;
  #value: BarValue | null = null;
  #isHeld = false;

  /** The program reports to the bar of the block that runs now. */
  constructor(private readonly meter: Meter) {
    this.#bar = meter.current;
  }

  begin(value: BarValue): void {
    this.#value = value;
    this.#isHeld = this.meter.countProgram(this.#bar, value, this);
  }

  changed(): void {
    if (this.#isHeld) this.meter.touchProgram(this.#bar, this);
    // The program that had the bar may have ended.
    else if (this.#value !== null) this.begin(this.#value);
  }

  /** Call when the program has ended. */
  release(): void {
    this.meter.releaseProgram(this.#bar, this);
  }
}
