/**
 * One queue: ids in the order of their turn. A higher priority comes first, then the earlier place.
 */
import { MAX_PRIORITY } from "../../protocol/submit-fields.js";
import type { Entry } from "../store/decision.js";

/** Where an operation stands in its queue. */
export interface Turn {
  priority: number;
  /** Journal number of the decision that queued the operation. */
  queuedAt: number;
}

export function turnOf({ record, queuedAt }: Pick<Entry, "record" | "queuedAt">): Turn {
  return { priority: record.priority, queuedAt };
}

type Priority = Pick<Turn, "priority">;

/** The priority of an operation that comes before the turn; null: its own. */
export function priorityBefore(turn: Priority | null, { priority: own }: Priority): Priority {
  return {
    priority: turn === null ? own : Math.max(own, Math.min(MAX_PRIORITY, turn.priority + 1)),
  };
}

/** An operation that waits. */
interface Waiter extends Turn {
  id: string;
}

export class Lane {
  /** In the order of their turns; those before `#head` are taken. */
  #waiters: Waiter[] = [];
  #head = 0;

  get length(): number {
    return this.#waiters.length - this.#head;
  }

  /** The next operation; null if there is none. */
  get next(): Waiter | null {
    return this.#waiters[this.#head] ?? null;
  }

  add(id: string, turn: Turn): void {
    if (this.#indexOf(id, turn) === null)
      this.#waiters.splice(this.#find(turn), 0, waiterOf(id, turn));
  }

  /** Adds many ids in one pass. */
  addAll(items: ReadonlyArray<readonly [id: string, turn: Turn]>): void {
    const waiters = this.first(this.length);
    const known = new Set(waiters.map(({ id }) => id));
    for (const [id, turn] of items) if (!known.has(id)) waiters.push(waiterOf(id, turn));
    this.#replace(waiters.sort(compareTurns));
  }

  /** Removes and returns all ids that fit. */
  takeWhere(fits: (id: string) => boolean): string[] {
    const { taken = [], kept = [] } = Object.groupBy(this.first(this.length), ({ id }) =>
      fits(id) ? "taken" : "kept",
    );
    if (taken.length > 0) this.#replace(kept);
    return taken.map(({ id }) => id);
  }

  /** Removes and returns the next id. */
  take(): string | null {
    const { next } = this;
    if (next === null) return null;
    this.#head++;
    if (this.#head > 1000 && this.#head * 2 > this.#waiters.length)
      this.#replace(this.first(this.length));
    return next.id;
  }

  remove(id: string, turn: Turn): void {
    const index = this.#indexOf(id, turn);
    if (index !== null) this.#waiters.splice(index, 1);
  }

  /** Position from 1 (next); null where the id is not queued. */
  position(id: string, turn: Turn): number | null {
    const index = this.#indexOf(id, turn);
    return index === null ? null : index - this.#head + 1;
  }

  /** The first operations, at most `limit`. */
  first(limit: number): Waiter[] {
    return this.#waiters.slice(this.#head, this.#head + limit);
  }

  #replace(waiters: Waiter[]): void {
    this.#waiters = waiters;
    this.#head = 0;
  }

  #indexOf(id: string, turn: Turn): number | null {
    for (let index = this.#find(turn); index < this.#waiters.length; index++) {
      const waiter = this.#waiters[index]!;
      if (compareTurns(waiter, turn) !== 0) break;
      if (waiter.id === id) return index;
    }
    return null;
  }

  /** Index of the first operation with this turn or a later one. */
  #find(turn: Turn): number {
    let low = this.#head;
    let high = this.#waiters.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareTurns(this.#waiters[middle]!, turn) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Negative if `a` comes before `b`. */
export function compareTurns(a: Turn, b: Turn): number {
  return b.priority - a.priority || a.queuedAt - b.queuedAt;
}

/** Without the other keys of a place: there may be ten thousand of them. */
function waiterOf(id: string, { priority, queuedAt }: Turn): Waiter {
  return { id, priority, queuedAt };
}
