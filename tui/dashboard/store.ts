/**
 * The state outside React, and the pace of work: lines are applied and drawn at most ten times a
 * second, whether the terminal takes drawings or not; a log at most three times, a key at once, and
 * nothing where nothing changed. React is told through `subscribe` when the drawn state moved on.
 */

import type { WatchLine } from "../../protocol/watch.js";
import type { Effect } from "./core/effect.js";
import { isQuiet } from "./core/list/watched.js";
import { isUrgent, type Message } from "./core/message.js";
import type { State } from "./core/model.js";
import { update } from "./update.js";

/**
 * The clock of the screen: the wall clock as it was last trusted, and from there the monotonic one.
 * A jump of the wall clock makes no operation look older. The wall clock is trusted again once a
 * time of the daemon agrees with it.
 */
export interface Clock {
  /** Wall clock, ms. */
  now(): number;
  /** It is this time as far as the daemon is concerned. */
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

/**
 * Milliseconds between two drawings of data, of what nobody waits for, and of a key that is held
 * down.
 */
const DATA_PACE = 100;
const QUIET_PACE = 900;
const KEY_PACE = 33;
/**
 * Milliseconds between two drawings of new log lines: each moves every row of the log, and so
 * redraws all of them.
 */
const LOG_PACE = 350;
/** Lines that are applied together. Keys come between two of these portions. */
const PORTION = 500;

/** Messages of a stream, which must not pass its lines. */
const OF_STREAM: ReadonlySet<Message["type"]> = new Set(["lost", "heard"]);

export class Store {
  #state: State;
  /** Lines of the watch stream that the state does not have yet. */
  #incoming: WatchLine[] = [];
  #takenAt = Number.NEGATIVE_INFINITY;
  /** New lines of the log, likewise. */
  #logged: Message[] = [];
  #loggedAt = Number.NEGATIVE_INFINITY;
  #drawn: State;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #answeredAt = Number.NEGATIVE_INFINITY;
  /** A key was pressed that no drawing has answered yet. */
  #keyWaits = false;
  /** A drawing was due when the terminal took none. */
  #isOwed = false;
  #timer: NodeJS.Timeout | null = null;
  #due = Number.POSITIVE_INFINITY;
  readonly #listeners = new Set<() => void>();

  constructor(
    state: State,
    private readonly clock: Clock = Date,
    /** Runs what the reducer returns beside the state. */
    private readonly run: (effects: readonly Effect[]) => void = () => {},
    /** Whether the terminal takes a drawing now. Call `ready` when it does again. */
    private readonly isReady: () => boolean = () => true,
  ) {
    this.#state = state;
    this.#drawn = state;
  }

  /** The newest state, drawn or not. It lacks the lines of the last tenth of a second. */
  get state(): State {
    return this.#state;
  }

  /** The state on the screen. */
  readonly drawn = (): State => this.#drawn;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly dispatch = (message: Message): void => {
    if (message.type === "watched") {
      this.#incoming.push(message.line);
      this.#workIn(isQuiet(message.line) ? QUIET_PACE : DATA_PACE);
      return;
    }
    if (message.type === "told" && message.name === "logStream") {
      this.#logged.push(message);
      this.#workAt(this.#logTime());
      return;
    }
    const isOfHosts = message.type === "told" && message.name === "hosts";
    if (isOfHosts || OF_STREAM.has(message.type)) while (this.#takeIn());
    const before = this.#state;
    this.#apply(message);
    if (this.#state === before) return;
    if (message.type === "resized") this.#draw();
    else if (isUrgent(message)) this.#answer();
    else this.#workIn(message.type === "ticked" ? QUIET_PACE : DATA_PACE);
  };

  readonly now = (): number => this.clock.now();

  /** The terminal takes a drawing again. */
  ready(): void {
    if (this.#isOwed) this.#draw();
  }

  /** Forgets what is due. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#due = Number.POSITIVE_INFINITY;
  }

  /**
   * A key is answered at once, before lines that came earlier; one that is held down has a pace of
   * its own.
   */
  #answer(): void {
    this.#keyWaits = true;
    if (performance.now() >= this.#answeredAt + KEY_PACE) this.#draw();
    else this.#workAt(this.#answeredAt + KEY_PACE);
  }

  /** Takes in what came, and draws it. */
  #work(): void {
    this.stop();
    const isMore = this.#takeIn();
    const now = performance.now();
    if (now >= this.#loggedAt + LOG_PACE) this.#takeLog();
    if (!isMore || now >= this.#drawnAt + DATA_PACE) this.#draw();
    if (isMore) this.#workAt(now);
    if (this.#logged.length > 0) this.#workAt(this.#logTime());
  }

  #draw(): void {
    // A person who leaves does not wait for the terminal.
    this.#isOwed = !this.isReady() && this.#state.quit === null;
    if (this.#isOwed) return;
    this.#tick();
    if (this.#state === this.#drawn) return;
    this.#drawn = this.#state;
    this.#drawnAt = performance.now();
    if (this.#keyWaits) this.#answeredAt = this.#drawnAt;
    this.#keyWaits = false;
    for (const listener of this.#listeners) listener();
  }

  /** Applies a portion of the lines. Returns whether there are more. */
  #takeIn(): boolean {
    if (this.#incoming.length === 0) return false;
    const lines = this.#incoming.splice(0, PORTION);
    this.#takenAt = performance.now();
    for (const line of lines) {
      if (line.type === "changed" && line.patch.updatedAt !== undefined)
        this.clock.heard?.(Date.parse(line.patch.updatedAt));
    }
    this.#tick();
    this.#apply({ type: "watched-lines", lines });
    return this.#incoming.length > 0;
  }

  #takeLog(): void {
    if (this.#logged.length === 0) return;
    this.#loggedAt = performance.now();
    for (const message of this.#logged.splice(0)) this.#apply(message);
  }

  /** Time moves once a second: else each drawing would have other ages in all rows. */
  #tick(): void {
    const now = this.clock.now();
    if (Math.floor(now / 1000) !== Math.floor(this.#state.now / 1000))
      this.#apply({ type: "ticked", now });
  }

  #apply(message: Message): void {
    const [state, effects] = update(this.#state, message);
    this.#state = state;
    if (effects.length > 0) this.run(effects);
  }

  #workIn(pace: number): void {
    this.#workAt(Math.max(this.#drawnAt, this.#takenAt) + pace);
  }

  #logTime(): number {
    return Math.max(this.#drawnAt + DATA_PACE, this.#loggedAt + LOG_PACE);
  }

  /**
   * Works at this time of the monotonic clock, never later than already planned. Never at once:
   * lines that come together are taken in together.
   */
  #workAt(time: number): void {
    if (time >= this.#due) return;
    this.stop();
    this.#due = time;
    this.#timer = setTimeout(() => this.#work(), Math.max(0, time - performance.now()));
  }
}
