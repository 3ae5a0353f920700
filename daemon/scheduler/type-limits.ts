/**
 * Types that limit how many of their operations run at the same time (`static concurrency`). Where the limit is
 * reached, the others wait outside the queue, so that they hold up no operation of another type.
 */
import type { Blocked } from "../../protocol/operation.js";
import type { Entry } from "../store/decision.js";
import type { Attempt } from "./attempt.js";
import { compareTurns } from "./lane.js";
import { placeOf, type Queue } from "./queue.js";

interface TypeLimitsOptions {
  entry(id: string): Entry | undefined;
  queue: Queue;
  /** Running attempts, by operation id. */
  attempts: ReadonlyMap<string, Attempt>;
  /** `blocked` of a queued operation changed. */
  onChange(entry: Entry): void;
}

interface LimitedType {
  limit: number;
  since: string;
  waiting: Set<string>;
}

export class TypeLimits {
  readonly #types = new Map<string, LimitedType>();
  /** Operations that are about to start, by id: their type. */
  readonly #starting = new Map<string, string>();

  constructor(private readonly options: TypeLimitsOptions) {}

  /**
   * Counts an operation that is about to start. Where its type has reached the limit, the operation waits, and so do
   * all others of the type.
   *
   * @param limit - null: the type has no limit
   * @returns whether the operation may start; then `started` must follow
   */
  reserve(entry: Entry, limit: number | null): boolean {
    const { id, op } = entry.record;
    if (limit !== null && this.#running(op) >= limit) {
      this.#block(op, limit, id);
      return false;
    }
    this.#starting.set(id, op);
    return true;
  }

  /** The operation has started, or could not start. */
  started(id: string): void {
    this.#starting.delete(id);
  }

  /** Holds the operation where its type has reached its limit. Returns whether it does. */
  hold({ record }: Entry): boolean {
    const type = this.#types.get(record.op);
    if (type === undefined || this.#running(record.op) < type.limit) return false;
    type.waiting.add(record.id);
    return true;
  }

  /** Why the operation waits; null if it does not. */
  of({ record }: Entry): Blocked | null {
    const type = this.#types.get(record.op);
    if (!type?.waiting.has(record.id)) return null;
    const running = type.limit === 1 ? "1 operation runs" : `${type.limit} operations run`;
    return { reason: `${running}, and the type ${record.op} allows no more at a time`, since: type.since };
  }

  /** Removes an operation that is no longer queued. */
  remove(id: string): void {
    for (const { waiting } of this.#types.values()) waiting.delete(id);
  }

  /** Number of operations that wait outside the queue. */
  get length(): number {
    let length = 0;
    for (const { waiting } of this.#types.values()) length += waiting.size;
    return length;
  }

  /** Returns operations to the queue whose type has room again. Call when attempts ended. */
  release(): void {
    for (const [op, type] of this.#types) {
      const room = type.limit - this.#running(op);
      if (room <= 0) continue;
      const waiting = [...type.waiting].flatMap((id) => this.options.entry(id) ?? []);
      waiting.sort((a, b) => compareTurns(placeOf(a), placeOf(b)));
      for (const entry of waiting.slice(0, room)) {
        type.waiting.delete(entry.record.id);
        this.options.queue.add(entry.record.id, placeOf(entry));
        this.options.onChange(entry);
      }
      if (type.waiting.size === 0) this.#types.delete(op);
    }
  }

  #block(op: string, limit: number, id: string): void {
    const { queue, entry, onChange } = this.options;
    const out = [id, ...queue.takeWhere((each) => entry(each)?.record.op === op)];
    const known = this.#types.get(op);
    const type = known ?? { limit, since: new Date().toISOString(), waiting: new Set<string>() };
    type.limit = limit;
    this.#types.set(op, type);
    for (const each of out) {
      type.waiting.add(each);
      const its = entry(each);
      if (its) onChange(its);
    }
  }

  /** An attempt whose outcome was read makes room. */
  #running(op: string): number {
    let running = 0;
    for (const { entry, outcome } of this.options.attempts.values())
      if (entry.record.op === op && outcome === null) running++;
    for (const starting of this.#starting.values()) if (starting === op) running++;
    return running;
  }
}
