/**
 * The state outside React, and the pace of drawing: data is drawn at most ten times a second, a log at most three
 * times, a key at once, and nothing where nothing changed. React is told through `subscribe` when the drawn state
 * moved on.
 */

import { ticks } from "./asks.js";
import type { Effect } from "./core/effect.js";
import { isUrgent, type Message } from "./core/message.js";
import type { State } from "./core/model.js";
import type { StreamLine } from "./core/source.js";
import { update } from "./update.js";

/**
 * The clock of the screen: the wall clock as it was last trusted, and from there the monotonic one. A jump of the wall
 * clock makes no operation look older. The wall clock is trusted again once a time of the daemon agrees with it.
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

/** Milliseconds between two drawings of data, and between two of a key that is held down. */
const DATA_PACE = 100;
const KEY_PACE = 33;
/** Milliseconds between two drawings of new log lines: each moves every row of the log, and so redraws all of them. */
const LOG_PACE = 350;

export class Store {
  #state: State;
  /** Lines of the watch stream since then: applied together, when they are drawn or the state is asked for. */
  #incoming: StreamLine[] = [];
  /** New lines of the log, likewise. */
  #logged: Message[] = [];
  #loggedAt = Number.NEGATIVE_INFINITY;
  #drawn: State;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #answeredAt = Number.NEGATIVE_INFINITY;
  /** A key was pressed that no drawing has answered yet. */
  #keyWaits = false;
  #timer: NodeJS.Timeout | null = null;
  #due = Number.POSITIVE_INFINITY;
  readonly #listeners = new Set<() => void>();

  constructor(
    state: State,
    private readonly clock: Clock = Date,
    /** Runs what the reducer returns beside the state. */
    private readonly run: (effects: readonly Effect[]) => void = () => {},
    /** Whether the terminal takes a drawing now. Call `flush` when it does again. */
    private readonly isReady: () => boolean = () => true,
  ) {
    this.#state = state;
    this.#drawn = state;
  }

  /** The newest state, drawn or not. */
  get state(): State {
    this.#takeIn();
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
      this.#flushIn(DATA_PACE);
      return;
    }
    if (message.type === "told" && message.name === "logStream") {
      this.#logged.push(message);
      this.#flushLog();
      return;
    }
    this.#takeIn();
    const before = this.#state;
    this.#apply(message);
    if (this.#state === before) return;
    if (message.type === "resized") this.flush();
    else if (isUrgent(message)) {
      // A key answers at once, whenever data was drawn; one that is held down has a pace of its own.
      this.#keyWaits = true;
      this.#flushAt(this.#answeredAt + KEY_PACE);
    } else this.#flushIn(DATA_PACE);
  };

  readonly now = (): number => this.clock.now();

  /** Draws now what has changed. */
  flush(): void {
    this.stop();
    this.#takeIn(performance.now() >= this.#loggedAt + LOG_PACE);
    this.#draw();
    // Lines that were too early have a drawing of their own.
    if (this.#logged.length > 0) this.#flushLog();
  }

  #draw(): void {
    if (!this.isReady()) return;
    if (ticks(this.#state)) this.#apply({ type: "ticked", now: this.clock.now() });
    if (this.#state === this.#drawn) return;
    this.#drawn = this.#state;
    this.#drawnAt = performance.now();
    if (this.#keyWaits) this.#answeredAt = this.#drawnAt;
    this.#keyWaits = false;
    for (const listener of this.#listeners) listener();
  }

  /** Forgets a drawing that is due. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#due = Number.POSITIVE_INFINITY;
  }

  #takeIn(withLog = true): void {
    if (withLog && this.#logged.length > 0) {
      const logged = this.#logged;
      this.#logged = [];
      this.#loggedAt = performance.now();
      for (const message of logged) this.#apply(message);
    }
    if (this.#incoming.length === 0) return;
    const lines = this.#incoming;
    this.#incoming = [];
    for (const line of lines) {
      if (line.type === "changed" && line.patch.updatedAt !== undefined)
        this.clock.heard?.(Date.parse(line.patch.updatedAt));
    }
    const now = this.clock.now();
    this.#apply({ type: "ticked", now });
    this.#apply({ type: "watched-lines", lines });
  }

  #apply(message: Message): void {
    const [state, effects] = update(this.#state, message);
    this.#state = state;
    if (effects.length > 0) this.run(effects);
  }

  #flushIn(pace: number): void {
    this.#flushAt(this.#drawnAt + pace);
  }

  #flushLog(): void {
    this.#flushAt(Math.max(this.#drawnAt + DATA_PACE, this.#loggedAt + LOG_PACE));
  }

  /** Draws at this time of the monotonic clock, or at once where it has passed; never later than already planned. */
  #flushAt(time: number): void {
    const now = performance.now();
    if (time <= now) {
      this.flush();
      return;
    }
    if (time >= this.#due) return;
    this.stop();
    this.#due = time;
    this.#timer = setTimeout(() => this.flush(), time - now);
  }
}
