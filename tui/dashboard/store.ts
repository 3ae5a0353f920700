/**
 * The state outside React, and the pace of drawing: data is drawn at most ten times a second, a key at once, and
 * nothing at all when the frame came out the same.
 *
 * Hooks dispatch and read; React is told through `subscribe` when the drawn state moved on.
 */
import { type Frame, frameOf, sameFrame } from "./screen/frame.js";
import type { Paint } from "./screen/paint.js";
import { isUrgent, type Message } from "./state/message.js";
import { type State, ticks } from "./state/model.js";
import { update } from "./state/update.js";

/** Milliseconds between two drawings of data, and between two of a key that is held down. */
const DATA_PACE = 100;
const KEY_PACE = 33;

export interface Clock {
  /** Wall clock, ms. */
  now(): number;
}

export class Store {
  #state: State;
  #drawn: State;
  #frame: Frame;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  #due = Number.POSITIVE_INFINITY;
  readonly #listeners = new Set<() => void>();

  constructor(
    state: State,
    private readonly paint: Paint,
    private readonly clock: Clock = Date,
  ) {
    this.#state = state;
    this.#drawn = state;
    this.#frame = frameOf(state, paint);
  }

  /** The newest state, drawn or not. */
  get state(): State {
    return this.#state;
  }

  /** The state that the frame shows. */
  readonly drawn = (): State => this.#drawn;
  readonly frame = (): Frame => this.#frame;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly dispatch = (message: Message): void => {
    const next = update(this.#state, message);
    if (next === this.#state) return;
    this.#state = next;
    if (message.type === "resized") this.flush();
    else this.#flushIn(isUrgent(message) ? KEY_PACE : DATA_PACE);
  };

  readonly now = (): number => this.clock.now();

  /** The clock moved on: counts seconds where something does. */
  tick(): void {
    this.dispatch({ type: "ticked", now: this.now() });
  }

  /** Draws now what has changed. */
  flush(): void {
    this.stop();
    if (ticks(this.#state)) this.#state = update(this.#state, { type: "ticked", now: this.clock.now() });
    if (this.#state === this.#drawn) return;
    this.#drawn = this.#state;
    this.#drawnAt = performance.now();
    const frame = frameOf(this.#state, this.paint);
    if (!sameFrame(frame, this.#frame)) this.#frame = frame;
    for (const listener of this.#listeners) listener();
  }

  /** Forgets a drawing that is due. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#due = Number.POSITIVE_INFINITY;
  }

  #flushIn(pace: number): void {
    const now = performance.now();
    const due = Math.max(now, this.#drawnAt + pace);
    if (due >= this.#due) return;
    this.stop();
    if (due === now) {
      this.flush();
      return;
    }
    this.#due = due;
    this.#timer = setTimeout(() => this.flush(), due - now);
  }
}
