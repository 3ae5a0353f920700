/**
 * The queued operations. Each waits in its queue, or outside where one of the holds has it
 * (`holds/`).
 *
 * Tells watchers at intervals that the queues moved.
 */
import type { Blocked, Operation } from "../../protocol/operation.js";
import type { Bus } from "../bus.js";
import type { Entry } from "../store/decision.js";
import type { Hold, Reason } from "./holds/hold.js";
import { placeOf, type Queue } from "./queue.js";

/** Places change with every start: they are sent at most this often, in ms. */
const NEWS_MS = 500;

interface WaitingOptions {
  bus: Bus;
  queue: Queue;
  entry(id: string): Entry | null;
  /** Held operations may have joined their queues. */
  onReady(): void;
  isWatched(): boolean;
}

export class Waiting {
  /** In the order in which they are asked: the first one that holds an operation has it. */
  #holds: readonly Hold[] = [];
  readonly #holdOf = new Map<string, Hold>();
  #news: NodeJS.Timeout | null = null;
  /** The queues moved since watchers were told. */
  #isMoved = false;

  constructor(private readonly options: WaitingOptions) {
    options.bus.on("decided", (changes) => {
      for (const { id, before, after } of changes) this.#changed(id, before, after);
    });
  }

  /** Sets the holds, before the first operation is queued. */
  use(holds: readonly Hold[]): void {
    this.#holds = holds;
  }

  /** Number of operations that wait, in the queues and outside. */
  get length(): number {
    return this.options.queue.length + this.#holdOf.size;
  }

  /** Why the operation does not start, as its record shows it. */
  why(entry: Entry): Blocked | null {
    for (const hold of this.#holds) {
      const blocked = hold.why(entry);
      if (blocked !== null) return blocked;
    }
    return null;
  }

  /** All reasons for which the operation waits, besides its turn. */
  reasons(entry: Entry): Reason[] {
    return this.#holds.flatMap((hold) => hold.reason(entry) ?? []);
  }

  /** The operations that wait outside their queues for this hold. */
  heldBy(hold: Hold): Entry[] {
    const held: Entry[] = [];
    for (const [id, its] of this.#holdOf) {
      const entry = its === hold ? this.options.entry(id) : null;
      if (entry !== null) held.push(entry);
    }
    return held;
  }

  /** The operations that wait outside their queues as their submit asked. */
  planned(): Entry[] {
    return this.#holds.filter(({ isPlanned }) => isPlanned).flatMap((hold) => this.heldBy(hold));
  }

  /** Whether the operation waits as its submit asked. */
  isPlanned(id: string): boolean {
    return this.#holdOf.get(id)?.isPlanned === true;
  }

  /** Operations were queued. */
  add(entries: readonly Entry[]): void {
    this.#place(entries);
  }

  #changed(id: string, before: Operation | null, after: Operation | null): void {
    if (before?.state !== "queued" && after?.state !== "queued") return;
    const entry = this.options.entry(id);
    if (before?.state === "queued") this.#leave(before, entry);
    if (after?.state === "queued" && entry) this.#place([entry]);
    else if (before) for (const hold of this.#holds) hold.forget(before);
    this.#tellMoved();
  }

  /** The operation left its queue and did not start. */
  returned(entry: Entry): void {
    this.#leave(entry.record, entry);
    this.#place([entry]);
    this.#tell([entry]);
  }

  /**
   * Asks the holds anew about held operations. Those that none holds join their queues together.
   */
  again(ids: Iterable<string>): void {
    const entries: Entry[] = [];
    for (const id of ids) {
      const entry = this.#holdOf.delete(id) ? this.options.entry(id) : null;
      if (entry?.record.state === "queued") entries.push(entry);
    }
    // What is ready asks the holds again, so that this would not end.
    if (entries.length === 0) return;
    this.#place(entries);
    this.#tell(entries);
    this.options.onReady();
  }

  /** Asks the holds about operations in the queues: those that one holds leave. */
  takeOut(fits: (entry: Entry) => boolean): void {
    const entries: Entry[] = [];
    this.options.queue.takeWhere((id) => {
      const entry = this.options.entry(id);
      if (entry === null || !fits(entry)) return false;
      entries.push(entry);
      return true;
    });
    this.#place(entries);
    this.#tell(entries);
  }

  stop(): void {
    for (const hold of this.#holds) hold.stop();
    if (this.#news) clearTimeout(this.#news);
  }

  #leave(record: Operation, entry: Entry | null): void {
    const { id } = record;
    this.#holdOf.get(id)?.forget?.(record);
    this.#holdOf.delete(id);
    if (entry) this.options.queue.remove(id, placeOf({ record, queuedAt: entry.queuedAt }));
  }

  #place(entries: readonly Entry[]): void {
    const ready: Entry[] = [];
    for (const entry of entries) {
      const hold = this.#holds.find((each) => each.holds(entry));
      if (hold) this.#holdOf.set(entry.record.id, hold);
      else ready.push(entry);
    }
    this.options.queue.addAll(ready.map((entry) => [entry.record.id, placeOf(entry)]));
  }

  #tell(entries: readonly Entry[]): void {
    for (const { record } of entries)
      this.options.bus.emit("shown", record, "queuePosition", "blocked", "waitsFor");
    this.#tellMoved();
  }

  /**
   * At once, so that a start and the new places are drawn together; then what changes meanwhile is
   * told later.
   */
  #tellMoved(): void {
    if (!this.options.isWatched()) return;
    if (this.#news !== null) {
      this.#isMoved = true;
      return;
    }
    this.options.bus.emit("moved");
    this.#news = setTimeout(() => {
      this.#news = null;
      if (this.#isMoved) this.#tellMoved();
    }, NEWS_MS);
    this.#isMoved = false;
  }
}
