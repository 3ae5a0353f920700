/** The queued operations that wait for their turn, in their queues. */
import type { Operation } from "../../protocol/operation.js";
import type { Entry } from "../store/decision.js";
import { compareTurns, Lane, priorityBefore, type Turn, turnOf } from "./lane.js";

/** Where a queued operation waits. */
export interface Place extends Turn {
  queue: string;
}

export function placeOf(entry: Pick<Entry, "record" | "queuedAt">): Place {
  return { queue: entry.record.queue, ...turnOf(entry) };
}

export class Queue {
  readonly #lanes = new Map<string, Lane>();

  get length(): number {
    let length = 0;
    for (const lane of this.#lanes.values()) length += lane.length;
    return length;
  }

  /** Number of operations that wait in one queue. */
  lengthOf(queue: string): number {
    return this.#lanes.get(queue)?.length ?? 0;
  }

  add(id: string, place: Place): void {
    this.#lane(place.queue).add(id, place);
  }

  /** Adds many ids in one pass over each queue. */
  addAll(items: ReadonlyArray<readonly [id: string, place: Place]>): void {
    for (const [queue, its] of Map.groupBy(items, ([, place]) => place.queue)) {
      if (its.length === 1) this.add(...its[0]!);
      else this.#lane(queue).addAll(its);
    }
  }

  /** Removes and returns all ids that fit. */
  takeWhere(fits: (id: string) => boolean): string[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.takeWhere(fits));
  }

  /**
   * Removes and returns the id whose turn it is.
   *
   * @param isOpen - whether operations of a queue may start now. Default: all may
   */
  take(isOpen: (queue: string) => boolean = () => true): string | null {
    return this.#nextLane(isOpen)?.take() ?? null;
  }

  remove(id: string, place: Place): void {
    this.#lanes.get(place.queue)?.remove(id, place);
  }

  /** Position in its queue, from 1 (next); null where the id does not wait there. */
  position(id: string, place: Place): number | null {
    return this.#lanes.get(place.queue)?.position(id, place) ?? null;
  }

  /** The first ids of all queues in the order of their turns, at most `limit`. */
  first(limit: number, isOpen: (queue: string) => boolean = () => true): string[] {
    return [...this.#lanes]
      .flatMap(([queue, lane]) => (lane.length > 0 && isOpen(queue) ? lane.first(limit) : []))
      .sort(compareTurns)
      .slice(0, limit)
      .map(({ id }) => id);
  }

  /** The first ids of one queue, in the order of their turns, at most `limit`. */
  firstOf(queue: string, limit: number): string[] {
    return (this.#lanes.get(queue)?.first(limit) ?? []).map(({ id }) => id);
  }

  /** The change that makes the operation the next of its queue. */
  changeToTop(record: Operation): Partial<Operation> {
    const next = this.#lanes.get(record.queue)?.next ?? null;
    return priorityBefore(next?.id === record.id ? null : next, record);
  }

  #nextLane(isOpen: (queue: string) => boolean): Lane | null {
    let first: Lane | null = null;
    for (const [queue, lane] of this.#lanes) {
      if (lane.next === null || !isOpen(queue)) continue;
      if (first === null || compareTurns(lane.next, first.next!) < 0) first = lane;
    }
    return first;
  }

  #lane(queue: string): Lane {
    let lane = this.#lanes.get(queue);
    if (lane === undefined) {
      lane = new Lane();
      this.#lanes.set(queue, lane);
    }
    return lane;
  }
}
