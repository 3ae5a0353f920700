/**
 * The progress bar and the status line of one attempt. The bar is sent at most 10 times a second,
 * and always its last value. When another loop takes over the bar, the last value of the previous
 * loop is sent too.
 *
 * Each running block has a bar of its own, and the bar of the block that began last is sent. When
 * that block ends, the bar of the block around it comes back as it was: a loop that runs an
 * untracked stage for each item goes on counting. Blocks that run in parallel report to the bar of
 * the one that began last, since a call does not tell its block.
 *
 * A program of `p.exec` reports to the bar of the block that started it. The code of the block
 * comes first: once it calls `percent` or `track`, programs leave that bar alone. Otherwise the
 * first program that gives a figure has the bar until it ends; then the next program that gives a
 * figure begins the bar anew.
 *
 * `flush` sends the last values before an event that must follow them; otherwise a timer sends
 * them.
 */
import type { ProgressState, Status } from "../../protocol/operation.js";
import type { BarTarget, BarValue } from "../programs/progress/program-bar.js";
import { type Bar, type Counted, NEW_BAR, Rate } from "./bar.js";
import { type Clock, SYSTEM_CLOCK } from "./clock.js";

export const INTERVAL_MS = 100;

/**
 * Last values of loops that may be sent at once, then 10 a second: a thousand short loops must not
 * send a thousand.
 */
const MOST_LAST = 20;

/** Statuses that may be sent at once, then 10 a second. */
const MOST_STATUSES = 20;

/** The holder of a bar to which the code of the block reports. */
const CODE = {};

export class Meter {
  /**
   * The bars of the running blocks, the latest last. The first is that of the code outside of all
   * blocks.
   */
  readonly #bars: Bar[] = [NEW_BAR()];
  /** The last of `#bars`. */
  #bar: Bar = this.#bars[0]!;
  /** The bar of an ended stage, which stays until another block begins. */
  #ended: Bar | null = null;
  #sent = key(0, null);
  /** When the next value may be sent. A tracked loop compares it every few items. */
  #dueAt = Number.NEGATIVE_INFINITY;
  /** Clears the timer. */
  #timer: (() => void) | null = null;
  #lastsLeft = MOST_LAST;
  #lastsAt: number;

  #status: Status | null = null;
  #statusTimer: (() => void) | null = null;
  #statusesLeft = MOST_STATUSES;
  #statusAt: number;

  constructor(
    private readonly send: (percent: number, progress: ProgressState | null) => void,
    private readonly sendStatus: (status: Status) => void = () => {},
    readonly clock: Clock = SYSTEM_CLOCK,
    /** Ms between two values. Default: a tenth of a second. */
    private readonly interval: () => number = () => INTERVAL_MS,
  ) {
    this.#lastsAt = clock.now();
    this.#statusAt = clock.now();
  }

  /**
   * Sends the status now; above the rate, only the last one after 100 ms or before the next stage.
   */
  status(status: Status): void {
    const now = this.clock.now();
    this.#statusesLeft = Math.min(
      MOST_STATUSES,
      this.#statusesLeft + (now - this.#statusAt) / this.interval(),
    );
    this.#statusAt = now;
    this.#status = status;
    if (this.#statusesLeft >= 1) this.flush();
    else this.#statusTimer ??= this.clock.schedule(this.interval(), () => this.flush());
  }

  /** Begins the bar of a block; call after `stage:entered`, which empties the bar of the record. */
  enter(): Bar {
    // The bar of an ended stage does not come back after this block.
    if (this.#bars[0] === this.#ended) this.#bars[0] = NEW_BAR();
    const bar = NEW_BAR();
    this.#bars.push(bar);
    this.#show(bar);
    return bar;
  }

  /**
   * Ends the bar of a block; call after `stage:left`.
   *
   * @param stays - the bar stays after the end, until another block begins: for a tracked stage
   * @param isEmptied - `stage:left` emptied the bar of the record
   */
  leave(bar: Bar, stays: boolean, isEmptied: boolean): void {
    const place = this.#bars.indexOf(bar);
    if (place !== -1) this.#bars.splice(place, 1);
    if (stays) {
      bar.holder = null;
      this.#bars[0] = bar;
      this.#ended = bar;
    }
    const latest = this.#bars.at(-1)!;
    if (!isEmptied) this.#bar = latest;
    else {
      this.#show(latest);
      this.#sendIfChanged(this.clock.now());
    }
  }

  /** The percent of the bar that is shown. */
  get current(): number {
    const { counted, percent } = this.#bar;
    return counted === null ? percent : percentOf(counted, percent);
  }

  set(percent: number): void {
    const now = this.clock.now();
    this.#take(now);
    this.#bar.counted = null;
    this.#bar.percent = Math.min(100, Math.max(0, percent));
    this.touch(now);
  }

  /** Makes the bar show this loop. */
  count(counted: Counted): void {
    const now = this.clock.now();
    this.#take(now);
    this.#bar.counted = counted;
    this.#bar.rate = new Rate();
    this.touch(now);
  }

  /**
   * Connects a program of `p.exec` with the bar of the block that runs now.
   *
   * @returns `release`: call when the program has ended; its last values stay
   */
  program(): BarTarget & { release(): void } {
    const bar = this.#bar;
    const program = {};
    let value: BarValue | null = null;
    let isHeld = false;
    const begin = (next: BarValue) => {
      value = next;
      isHeld = this.#countProgram(bar, next, program);
    };
    return {
      begin,
      changed: () => {
        // The program that had the bar may have ended.
        if (!isHeld && value !== null) begin(value);
        else if (isHeld && bar === this.#bar && bar.holder === program)
          this.touch(this.clock.now());
      },
      release: () => {
        if (bar.holder === program) bar.holder = null;
      },
    };
  }

  /**
   * Makes `bar` show the count of a program.
   *
   * @returns false if the code of the block or another program has the bar
   */
  #countProgram(bar: Bar, counted: Counted, program: object): boolean {
    if (bar.holder !== null && bar.holder !== program) return false;
    bar.holder = program;
    const now = this.clock.now();
    const isSent = bar === this.#bar;
    if (isSent) {
      if (bar === this.#ended) this.#ended = null;
      this.#sendLast(now);
    }
    bar.percent = 0;
    bar.counted = counted;
    bar.rate = new Rate();
    if (isSent) this.touch(now);
    return true;
  }

  /** Call when the values may have changed: sends them now, or starts the timer. */
  touch(now: number): void {
    const wait = this.#dueAt - now;
    if (wait <= 0) this.#sendIfChanged(now);
    else this.#timer ??= this.clock.schedule(Math.ceil(wait), () => this.flush());
  }

  /** Sends the last value of the bar, then the last status. */
  flush(): void {
    this.#disarm();
    this.#sendIfChanged(this.clock.now());
    this.#statusTimer?.();
    this.#statusTimer = null;
    const status = this.#status;
    if (status === null) return;
    this.#status = null;
    this.#statusesLeft--;
    this.sendStatus(status);
  }

  /** Call before the bar changes its source: sends the last value of the previous loop, if any. */
  #sendLast(now: number): void {
    if (this.#bar.counted === null) return;
    this.#lastsLeft = Math.min(
      MOST_LAST,
      this.#lastsLeft + (now - this.#lastsAt) / this.interval(),
    );
    this.#lastsAt = now;
    if (this.#lastsLeft < 1) return;
    this.#lastsLeft--;
    this.#sendIfChanged(now);
  }

  /** The running code takes the bar: sends the last value of the loop before. */
  #take(now: number): void {
    if (this.#bar === this.#ended) this.#ended = null;
    this.#bar.holder = CODE;
    this.#sendLast(now);
  }

  /** Makes `bar` the one that is sent, where the bar of the record is empty. */
  #show(bar: Bar): void {
    this.#disarm();
    this.#bar = bar;
    this.#sent = key(0, null);
  }

  #sendIfChanged(now: number): void {
    this.#disarm();
    const bar = this.#bar;
    const { counted } = bar;
    if (counted !== null) bar.percent = percentOf(counted, bar.percent);
    const state = key(bar.percent, counted);
    if (state === this.#sent) return;
    this.#sent = state;
    this.#dueAt = now + this.interval();
    this.send(bar.percent, counted === null ? null : this.#snapshot(counted, bar.rate, now));
  }

  #snapshot(counted: Counted, measured: Rate, now: number): ProgressState {
    const { done, total, unit, label, reached = done, skipped = 0 } = counted;
    const rate = measured.at(reached - skipped, now);
    const left = total === null ? null : Math.max(0, total - reached);
    let etaSeconds = left === null || !rate ? null : round(left / rate);
    if (left === 0) etaSeconds = 0;
    return {
      done: round(done),
      total,
      unit,
      label,
      rate: rate === null ? null : round(rate),
      etaSeconds,
      ...(counted.isApproximate && { approximate: true }),
    };
  }

  #disarm(): void {
    this.#timer?.();
    this.#timer = null;
  }
}

function percentOf({ done, total, percent }: Counted, before: number): number {
  if (percent != null) return round(Math.min(100, Math.max(0, percent)));
  if (total === null) return before;
  return total <= 0 ? 100 : round(Math.min(100, Math.max(0, (100 * done) / total)));
}

function key(percent: number, counted: Counted | null): string {
  if (counted === null) return `${percent}`;
  return `${percent} ${counted.done} ${counted.total} ${counted.label ?? ""}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
