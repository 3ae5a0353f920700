/**
 * The progress bar and the status line of one attempt. The bar is sent at most 10 times a second, and always its last
 * value. When another loop takes over the bar, the last value of the previous loop is sent too.
 *
 * `flush` sends the last values before an event that must follow them; otherwise a timer sends them.
 */
import type { ProgressState, Status } from "../../protocol/operation.js";

const INTERVAL_MS = 100;

/** Last values of loops that may be sent at once, then 10 a second: a thousand short loops must not send a thousand. */
const MOST_LAST = 20;

/** Statuses that may be sent at once, then 10 a second. */
const MOST_STATUSES = 20;

/** A tracked loop, as the bar reads it. */
export interface Counted {
  readonly done: number;
  readonly total: number | null;
  readonly unit: string | null;
  readonly label: string | null;
}

export class Meter {
  #percent = 0;
  #counted: Counted | null = null;
  #rate = new Rate();
  #sent = key(0, null);
  #sentAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  #lastsLeft = MOST_LAST;
  #lastsAt = performance.now();

  #status: Status | null = null;
  #statusTimer: NodeJS.Timeout | null = null;
  #statusesLeft = MOST_STATUSES;
  #statusAt = performance.now();

  constructor(
    private readonly send: (percent: number, progress: ProgressState | null) => void,
    private readonly sendStatus: (status: Status) => void = () => {},
  ) {}

  /** Sends the status now; above the rate, only the last one after 100 ms or before the next stage. */
  status(status: Status): void {
    const now = performance.now();
    this.#statusesLeft = Math.min(MOST_STATUSES, this.#statusesLeft + (now - this.#statusAt) / INTERVAL_MS);
    this.#statusAt = now;
    this.#status = status;
    if (this.#statusesLeft >= 1) this.flush();
    else this.#statusTimer ??= setTimeout(() => this.flush(), INTERVAL_MS).unref();
  }

  /** Empties the bar without sending it, because `stage:entered` empties it in the record. */
  reset(): void {
    this.#disarm();
    this.#percent = 0;
    this.#counted = null;
    this.#sent = key(0, null);
  }

  set(percent: number): void {
    const now = performance.now();
    this.#sendLast(now);
    this.#counted = null;
    this.#percent = Math.min(100, Math.max(0, percent));
    this.touch(now);
  }

  /** Makes the bar show this loop. */
  count(counted: Counted): void {
    const now = performance.now();
    this.#sendLast(now);
    this.#counted = counted;
    this.#rate = new Rate();
    this.touch(now);
  }

  /** Call when the values may have changed: sends them now, or starts the timer. */
  touch(now: number): void {
    const wait = this.#sentAt + INTERVAL_MS - now;
    if (wait <= 0) this.#sendIfChanged(now);
    else this.#timer ??= setTimeout(() => this.flush(), Math.ceil(wait)).unref();
  }

  /** Sends the last value of the bar, then the last status. */
  flush(): void {
    this.#disarm();
    this.#sendIfChanged(performance.now());
    if (this.#statusTimer !== null) clearTimeout(this.#statusTimer);
    this.#statusTimer = null;
    const status = this.#status;
    if (status === null) return;
    this.#status = null;
    this.#statusesLeft--;
    this.sendStatus(status);
  }

  /** Call before the bar changes its source: sends the last value of the previous loop, if any. */
  #sendLast(now: number): void {
    if (this.#counted === null) return;
    this.#lastsLeft = Math.min(MOST_LAST, this.#lastsLeft + (now - this.#lastsAt) / INTERVAL_MS);
    this.#lastsAt = now;
    if (this.#lastsLeft < 1) return;
    this.#lastsLeft--;
    this.#sendIfChanged(now);
  }

  #sendIfChanged(now: number): void {
    this.#disarm();
    const counted = this.#counted;
    if (counted !== null) this.#percent = percentOf(counted, this.#percent);
    const state = key(this.#percent, counted);
    if (state === this.#sent) return;
    this.#sent = state;
    this.#sentAt = now;
    this.send(this.#percent, counted === null ? null : this.#snapshot(counted, now));
  }

  #snapshot(counted: Counted, now: number): ProgressState {
    const { done, total, unit, label } = counted;
    const rate = this.#rate.at(done, now);
    const left = total === null ? null : Math.max(0, total - done);
    const etaSeconds = left === 0 ? 0 : left === null || !rate ? null : round(left / rate);
    return { done, total, unit, label, rate: rate === null ? null : round(rate), etaSeconds };
  }

  #disarm(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** Units per second, smoothed over the last few seconds. */
class Rate {
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

const SMOOTH_SECONDS = 3;
/** Over a shorter time, the rate is only noise. */
const MIN_SECONDS = 0.05;

function percentOf({ done, total }: Counted, before: number): number {
  if (total === null) return before;
  return total <= 0 ? 100 : round(Math.min(100, Math.max(0, (100 * done) / total)));
}

function key(percent: number, counted: Counted | null): string {
  return counted === null ? `${percent}` : `${percent} ${counted.done} ${counted.label ?? ""}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
