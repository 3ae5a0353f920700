/** One queue: ids in the order of their turn. A higher priority comes first, then the earlier place. */
import { MAX_PRIORITY } from "../../protocol/limits.js";
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
  return { priority: turn === null ? own : Math.max(own, Math.min(MAX_PRIORITY, turn.priority + 1)) };
}

export class Lane {
  /** Three parallel lists; entries before `#head` are taken. An object for each operation would take 80 bytes. */
  #ids: string[] = [];
  #priorities: number[] = [];
  #times: number[] = [];
  #head = 0;

  get length(): number {
    return this.#ids.length - this.#head;
  }

  /** The turn of the next operation; null if there is none. */
  get next(): Turn | null {
    return this.length === 0 ? null : this.#turnAt(this.#head);
  }

  add(id: string, turn: Turn): void {
    const index = this.#find(turn);
    if (this.#isAt(index, turn) && this.#ids[index] === id) return;
    this.#ids.splice(index, 0, id);
    this.#priorities.splice(index, 0, turn.priority);
    this.#times.splice(index, 0, turn.queuedAt);
  }

  /** Adds many ids in one pass. */
  addAll(items: ReadonlyArray<readonly [id: string, turn: Turn]>): void {
    const there = this.#ids
      .slice(this.#head)
      .map((id, index) => [id, this.#turnAt(this.#head + index)] as const);
    const known = new Set(this.#ids.slice(this.#head));
    this.#replace(
      [...there, ...items.filter(([id]) => !known.has(id))].sort(([, a], [, b]) => compareTurns(a, b)),
    );
  }

  /** Removes and returns all ids that fit. */
  takeWhere(fits: (id: string) => boolean): string[] {
    const taken: string[] = [];
    const kept: Array<readonly [string, Turn]> = [];
    for (let index = this.#head; index < this.#ids.length; index++) {
      const id = this.#ids[index]!;
      if (fits(id)) taken.push(id);
      else kept.push([id, this.#turnAt(index)]);
    }
    if (taken.length > 0) this.#replace(kept);
    return taken;
  }

  /** Removes and returns the next id. */
  take(): string | null {
    const id = this.#ids[this.#head];
    if (id === undefined) return null;
    this.#head++;
    if (this.#head > 1000 && this.#head * 2 > this.#ids.length) {
      this.#ids = this.#ids.slice(this.#head);
      this.#priorities = this.#priorities.slice(this.#head);
      this.#times = this.#times.slice(this.#head);
      this.#head = 0;
    }
    return id;
  }

  /** Returns whether the id was there. */
  remove(id: string, turn: Turn): boolean {
    const index = this.#indexOf(id, turn);
    if (index === null) return false;
    this.#ids.splice(index, 1);
    this.#priorities.splice(index, 1);
    this.#times.splice(index, 1);
    return true;
  }

  /** Position from 1 (next); null where the id is not queued. */
  position(id: string, turn: Turn): number | null {
    const index = this.#indexOf(id, turn);
    return index === null ? null : index - this.#head + 1;
  }

  /** The first ids, at most `limit`. */
  first(limit: number): string[] {
    return this.#ids.slice(this.#head, this.#head + limit);
  }

  /** The first turns, parallel to `first`. */
  firstTurns(limit: number): Turn[] {
    const end = Math.min(this.#ids.length, this.#head + limit);
    return Array.from({ length: end - this.#head }, (_, index) => this.#turnAt(this.#head + index));
  }

  #turnAt(index: number): Turn {
    return { priority: this.#priorities[index]!, queuedAt: this.#times[index]! };
  }

  #isAt(index: number, { priority, queuedAt }: Turn): boolean {
    return this.#times[index] === queuedAt && this.#priorities[index] === priority;
  }

  #replace(items: ReadonlyArray<readonly [string, Turn]>): void {
    this.#ids = items.map(([id]) => id);
    this.#priorities = items.map(([, { priority }]) => priority);
    this.#times = items.map(([, { queuedAt }]) => queuedAt);
    this.#head = 0;
  }

  #indexOf(id: string, turn: Turn): number | null {
    for (let index = this.#find(turn); this.#isAt(index, turn); index++)
      if (this.#ids[index] === id) return index;
    return null;
  }

  /** Index of the first item with this turn or a later one. */
  #find({ priority, queuedAt }: Turn): number {
    let low = this.#head;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const higher = this.#priorities[middle]! - priority;
      if (higher > 0 || (higher === 0 && this.#times[middle]! < queuedAt)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Negative if `a` comes before `b`. */
export function compareTurns(a: Turn, b: Turn): number {
  return b.priority - a.priority || a.queuedAt - b.queuedAt;
}
