/**
 * The forecast: when queued operations start and end, from the expected ends of those that run and
 * the usual duration of each. Pure.
 *
 * The forecast simulates the queues, from one end of an operation to the next. An operation whose
 * end is unknown keeps its slot for an unknown time: later operations start in the other slots, and
 * operations that wait for its end have no expected start. Operations that join a queue later start
 * after those in it.
 */
import { compareTurns, type Turn } from "./lane.js";

export interface ForecastInput {
  /** In ms since 1970, as all times here. */
  now: number;
  /** By queue: how many operations may run at the same time. 0: nothing starts. */
  slots: ReadonlyMap<string, number>;
  running: ReadonlyArray<RunningInput>;
  queued: ReadonlyArray<QueuedInput>;
}

interface RunningInput {
  id: string;
  queue: string;
  startedAt: number;
  /** Now or later; null: unknown. */
  endsAt: number | null;
  /** It uses the slot of one that waits for it. Default: its own. */
  isLent?: boolean;
}

export interface QueuedInput {
  id: string;
  queue: string;
  turn: Turn;
  seconds: number | null;
  /** It starts at this time or later; null: at any time. */
  earliest: number | null;
  /** It starts after the ends of these operations. */
  after: readonly string[];
}

export interface Expected {
  startsAt: number | null;
  endsAt: number | null;
}

export function forecast(input: ForecastInput): Map<string, Expected> {
  return new Play(input).run();
}

type Happening = { at: number } & ({ ends: string; queue: string | null } | { joins: QueuedInput });

class Play {
  readonly #expected = new Map<string, Expected>();
  /** By queue: free slots; negative where more run than may. */
  readonly #free: Map<string, number>;
  /** By queue: operations that wait for a slot, the next one last. */
  readonly #lines = new Map<string, QueuedInput[]>();
  /** The next one last. */
  readonly #happenings: Happening[] = [];
  /** By id: the operations that wait for its end. */
  readonly #waiters = new Map<string, QueuedInput[]>();
  /** By id of a waiting operation: how many ends it waits for. */
  readonly #missing = new Map<string, number>();

  constructor(private readonly input: ForecastInput) {
    this.#free = new Map(input.slots);
  }

  run(): Map<string, Expected> {
    const { now, running, queued } = this.input;
    for (const { id, queue, startedAt, endsAt, isLent = false } of running) {
      this.#expected.set(id, { startsAt: startedAt, endsAt });
      if (!isLent) this.#addFree(queue, -1);
      if (endsAt !== null)
        this.#happenings.push({ at: endsAt, ends: id, queue: isLent ? null : queue });
    }
    const ready: QueuedInput[] = [];
    for (const each of queued) {
      this.#expected.set(each.id, { startsAt: null, endsAt: null });
      if (each.after.length > 0) this.#wait(each);
      else if (each.earliest !== null && each.earliest > now)
        this.#happenings.push({ at: each.earliest, joins: each });
      else ready.push(each);
    }
    this.#happenings.sort((a, b) => b.at - a.at);
    for (const [queue, line] of Map.groupBy(ready, (each) => each.queue))
      this.#lines.set(queue, line.sort(lastFirst));
    this.#pass(now, new Set(this.#lines.keys()));
    for (let next = this.#happenings.at(-1); next; next = this.#happenings.at(-1))
      this.#pass(next.at);
    return this.#expected;
  }

  /**
   * All that happens at a time comes before the starts at that time: the order within one moment
   * must not decide.
   */
  #pass(at: number, changed = new Set<string>()): void {
    for (let next = this.#nextAt(at); next; next = this.#nextAt(at)) {
      if ("joins" in next) {
        this.#join(next.joins);
        changed.add(next.joins.queue);
        continue;
      }
      if (next.queue !== null) {
        this.#addFree(next.queue, 1);
        changed.add(next.queue);
      }
      for (const waiter of this.#waiters.get(next.ends) ?? []) {
        const missing = this.#missing.get(waiter.id)! - 1;
        this.#missing.set(waiter.id, missing);
        if (missing === 0) this.#add({ at: Math.max(at, waiter.earliest ?? at), joins: waiter });
      }
    }
    for (const queue of changed) this.#fill(queue, at);
  }

  #nextAt(at: number): Happening | undefined {
    return this.#happenings.at(-1)?.at === at ? this.#happenings.pop() : undefined;
  }

  #fill(queue: string, at: number): void {
    const line = this.#lines.get(queue);
    while (line && line.length > 0 && (this.#free.get(queue) ?? 0) > 0) {
      const { id, seconds } = line.pop()!;
      this.#addFree(queue, -1);
      const endsAt = seconds === null ? null : at + seconds * 1000;
      this.#expected.set(id, { startsAt: at, endsAt });
      if (endsAt !== null) this.#add({ at: endsAt, ends: id, queue });
    }
  }

  #wait(operation: QueuedInput): void {
    this.#missing.set(operation.id, operation.after.length);
    for (const id of operation.after) {
      const waiters = this.#waiters.get(id);
      if (waiters) waiters.push(operation);
      else this.#waiters.set(id, [operation]);
    }
  }

  #join(operation: QueuedInput): void {
    const line = this.#lines.get(operation.queue) ?? [];
    this.#lines.set(operation.queue, line);
    line.splice(
      indexOf(line, (other) => lastFirst(other, operation) > 0),
      0,
      operation,
    );
  }

  #add(happening: Happening): void {
    const index = indexOf(this.#happenings, ({ at }) => at <= happening.at);
    this.#happenings.splice(index, 0, happening);
  }

  #addFree(queue: string, change: number): void {
    this.#free.set(queue, (this.#free.get(queue) ?? 0) + change);
  }
}

function lastFirst(a: QueuedInput, b: QueuedInput): number {
  return compareTurns(b.turn, a.turn);
}

/** Index of the first item that fits; all items after it fit too. The length where none fits. */
function indexOf<T>(items: readonly T[], fits: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (fits(items[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
