/**
 * Types that limit how many of their operations run at the same time (`static concurrency`). Where the limit is
 * reached, the others wait outside the queue, so that they hold up no operation of another type.
 */

import type { Blocked, Operation } from "../../../protocol/operation.js";
import type { Loader } from "../../loader/loader.js";
import { sharedTime } from "../../os/shared-clock.js";
import type { Entry } from "../../store/decision.js";
import type { Attempt } from "../attempt.js";
import { compareTurns } from "../lane.js";
import { placeOf } from "../queue.js";
import type { UsedSlots } from "../used-slots.js";
import type { WaitGraph } from "../wait-graph.js";
import type { Waiting } from "../waiting.js";
import { Hold, type Reason } from "./hold.js";

interface TypeLimitsOptions {
  entry(id: string): Entry | undefined;
  waiting: Pick<Waiting, "again" | "takeOut">;
  running(): Iterable<Attempt>;
  /** Running operations that wait for one do not count for it. */
  graph(): Pick<WaitGraph, "awaited" | "waiters">;
  loader: Pick<Loader, "resolve">;
}

interface LimitedType {
  limit: number;
  since: string;
  /** By queue. */
  waiting: Map<string, Set<string>>;
  /** Operations that were returned to the queue and have not started: the queue of each. */
  returned: Map<string, string>;
}

export class TypeLimits extends Hold {
  readonly #types = new Map<string, LimitedType>();
  /** Operations that are about to start, by id: their type. */
  readonly #starting = new Map<string, string>();
  #isLooking = false;

  constructor(private readonly options: TypeLimitsOptions) {
    super();
  }

  /**
   * Counts an operation that is about to start. Where its type has reached the limit, all others of the type leave the
   * queue, and the caller returns the operation, which `holds` then holds.
   *
   * @param limit - null: the type has no limit
   * @returns whether the operation may start; then `started` must follow
   */
  reserve(entry: Entry, limit: number | null): boolean {
    const { id, op } = entry.record;
    if (limit !== null && this.#running(op, id) >= limit) {
      this.#block(op, limit);
      return false;
    }
    this.#starting.set(id, op);
    this.#types.get(op)?.returned.delete(id);
    this.#setLimit(op, limit);
    return true;
  }

  /** The operation has started, or could not start. */
  started(id: string): void {
    this.#starting.delete(id);
  }

  override holds({ record: { id, op, queue } }: Entry): boolean {
    const type = this.#types.get(op);
    if (type === undefined) return false;
    for (const ids of type.waiting.values()) ids.delete(id);
    if (this.#running(op, id) < type.limit) return false;
    type.returned.delete(id);
    const ids = type.waiting.get(queue);
    if (ids) ids.add(id);
    else type.waiting.set(queue, new Set([id]));
    return true;
  }

  /** Whether the operation waits outside its queue for the limit of its type. */
  isHolding({ record: { id, op, queue } }: Entry): boolean {
    return this.#types.get(op)?.waiting.get(queue)?.has(id) ?? false;
  }

  /** The name of the slots of its type, where that has reached its limit. */
  slotsFor({ record: { op } }: Entry): string[] {
    return this.#types.has(op) ? [`${OF_TYPE}${op}`] : [];
  }

  /** Number of the slots of a type, by their name; null: the name is that of a queue. */
  limitOf(name: string): number | null {
    if (!name.startsWith(OF_TYPE)) return null;
    return this.#types.get(name.slice(OF_TYPE.length))?.limit ?? Number.POSITIVE_INFINITY;
  }

  /** Adds the slots of the types that have reached their limits: each running operation of one uses a slot. */
  addTo(slots: UsedSlots): void {
    for (const { id, entry, holdsSlot } of this.options.running())
      for (const queue of holdsSlot ? this.slotsFor(entry) : [])
        slots.add(id, { queue, slot: slots.lowest(queue) });
  }

  why(entry: Entry): Blocked | null {
    const { op } = entry.record;
    const type = this.#types.get(op);
    if (type === undefined || !this.isHolding(entry)) return null;
    const running = type.limit === 1 ? "1 operation runs" : `${type.limit} operations run`;
    return { reason: `${running}, and the type ${op} allows no more at a time`, since: type.since };
  }

  override reason(entry: Entry): Reason | null {
    const blocked = this.why(entry);
    if (blocked === null) return null;
    const { op } = entry.record;
    const ids = [...this.options.running()].flatMap(({ entry: { record } }) =>
      record.op === op ? record.id : [],
    );
    return { what: blocked.reason, until: `the end of ${ids.join(" or ")}`, after: { ids, all: false } };
  }

  override forget({ id, op }: Operation): void {
    const type = this.#types.get(op);
    for (const ids of type?.waiting.values() ?? []) ids.delete(id);
    type?.returned.delete(id);
  }

  /**
   * Returns operations to their queues whose type has room again. Call when attempts ended.
   *
   * Each queue gets as many as the type has room for: the first ones may wait in a queue that is full or paused, and
   * those of the other queues must not wait for them.
   */
  release(): void {
    for (const [op, type] of this.#types) {
      // What was returned may wait for a slot, and that slot for an operation that others wait for.
      const awaited = [...this.options.graph().awaited].filter(
        (id) => [...type.waiting.values()].some((ids) => ids.has(id)) && this.#running(op, id) < type.limit,
      );
      this.options.waiting.again(awaited);
      const room = type.limit - this.#running(op);
      if (room <= 0) continue;
      for (const [queue, ids] of type.waiting) {
        this.#return(type, queue, ids, room);
        if (ids.size === 0) type.waiting.delete(queue);
      }
      if (type.waiting.size === 0) this.#types.delete(op);
    }
  }

  /**
   * Reads the limits of the types anew that hold operations: a limit may have been raised or removed. Calls `onRaised`
   * if so.
   */
  async look(onRaised: () => void): Promise<void> {
    if (this.#isLooking || this.#types.size === 0) return;
    this.#isLooking = true;
    try {
      for (const op of [...this.#types.keys()]) {
        const found = await this.options.loader.resolve(op).catch(() => null);
        const before = this.#types.get(op)?.limit;
        if (found === null || "reason" in found || before === undefined) continue;
        this.#setLimit(op, found.policy.concurrency ?? null);
        if (this.#types.get(op)!.limit > before) onRaised();
      }
    } finally {
      this.#isLooking = false;
    }
  }

  #return(type: LimitedType, queue: string, ids: Set<string>, room: number): void {
    let wanted = room;
    for (const returned of type.returned.values()) if (returned === queue) wanted--;
    if (wanted <= 0) return;
    const waiting = [...ids].flatMap((id) => this.options.entry(id) ?? []);
    waiting.sort((a, b) => compareTurns(placeOf(a), placeOf(b)));
    const next = waiting.slice(0, wanted).map(({ record }) => record.id);
    for (const id of next) {
      ids.delete(id);
      type.returned.set(id, queue);
    }
    this.options.waiting.again(next);
  }

  #setLimit(op: string, limit: number | null): void {
    const type = this.#types.get(op);
    if (type) type.limit = limit ?? Number.POSITIVE_INFINITY;
  }

  #block(op: string, limit: number): void {
    const type = this.#types.get(op) ?? {
      limit,
      since: sharedTime(),
      waiting: new Map(),
      returned: new Map(),
    };
    type.limit = limit;
    type.returned.clear();
    this.#types.set(op, type);
    this.options.waiting.takeOut(({ record }) => record.op === op);
  }

  /**
   * An attempt that needs its slot no longer makes room.
   *
   * @param id - of an operation that may start: those that wait for it do not count
   */
  #running(op: string, id?: string): number {
    const waiters = id === undefined ? null : this.options.graph().waiters(id);
    let running = 0;
    for (const attempt of this.options.running()) {
      const isOfType = attempt.entry.record.op === op && attempt.holdsSlot;
      if (isOfType && !waiters?.has(attempt.id)) running++;
    }
    for (const starting of this.#starting.values()) if (starting === op) running++;
    return running;
  }
}

/** The names of the slots of types begin with it. No queue has such a name. */
const OF_TYPE = "type:";
