/**
 * What a host has of a fleet in memory: the live operations, the newest finished ones, the links
 * that others wait for, and the counts of the whole fleet.
 */
import { isDeepStrictEqual } from "node:util";
import { isFinal } from "../../../../protocol/state.js";
import type { ByState } from "../../../../protocol/watch.js";
import { type Decision, type Entry, idOf } from "../../../store/decision.js";
import { type Change, Ledger } from "../../../store/ledger.js";
import { RECENT, Recent, type SealedCounts, StateCounts } from "../../../store/recent.js";
import type { FleetArchive } from "./fleet-archive.js";
import { orderOf } from "./fold.js";
import { WaitedFor } from "./waited-for.js";

interface FleetMemoryOptions {
  archive(): Pick<FleetArchive, "peek" | "forget" | "removed">;
  /** A finished operation left memory. */
  onForget(id: string): void;
  /** The state that was loaded anew differs from the one before. */
  onReplaced(changes: Change[], decision: Decision): void;
}

export class FleetMemory {
  readonly ledger = new Ledger(orderOf);
  readonly recent = new Recent(() => this.#newestFinished());
  readonly waitedFor = new WaitedFor();
  /** Approximate bytes of parameters and environment of queued operations. */
  queuedBytes = 0;
  readonly #counts = new StateCounts();

  constructor(private readonly options: FleetMemoryOptions) {}

  counts(parent?: "none"): ByState {
    return this.#counts.get(parent);
  }

  /** The ledger is loaded. @param counts of the whole fleet */
  begin(counts: SealedCounts): void {
    this.#count(counts);
    // Loaded now: later it would miss operations that leave memory at the first decision.
    this.recent.values();
  }

  /** Applies decision number `n`. Returns what changed. */
  apply(decision: Decision, n: number): Change[] {
    const id = idOf(decision);
    if (decision.kind === "removed") return [this.#remove(decision)];
    this.options.archive().forget(id);
    this.waitedFor.forget(id);
    const changes = this.ledger.apply(decision, n);
    for (const change of changes) this.#account(change);
    return changes;
  }

  /**
   * Counts and watchers are those of the whole fleet: an operation that is not in memory counts
   * too.
   */
  #remove({ id, state }: Extract<Decision, { kind: "removed" }>): Change {
    const archive = this.options.archive();
    const before = archive.peek(id)?.record ?? null;
    this.#drop(id);
    archive.removed(id);
    this.#counts.change(before ?? { state }, null);
    return { id, before, after: null };
  }

  /**
   * Takes over a state that was loaded anew, in one turn.
   *
   * @param older operations of the engine that are not among the newest any more
   */
  renew(fresh: Ledger, older: ReadonlySet<string>, counts: SealedCounts): void {
    for (const entry of [...this.ledger.entries.values()]) this.#renew(entry, fresh, older);
    for (const entry of fresh.entries.values())
      if (!this.ledger.get(entry.record.id)) this.#replace(null, entry);
    this.#count(counts);
  }

  #renew(entry: Entry, fresh: Ledger, older: ReadonlySet<string>): void {
    const { id, state } = entry.record;
    const now = fresh.get(id);
    if (now && isSameRun(entry, now)) this.#keepRun(entry, now);
    else if (now) {
      if (!isDeepStrictEqual(entry, now)) this.#replace(entry, now);
    } else if (older.has(id) && isFinal(state)) {
      this.recent.delete(id);
      this.#leave(id);
    } else this.#replace(entry, undefined);
  }

  /**
   * The attempt that runs here holds its entry: it stays. A cancel that this host did not know of
   * is announced.
   */
  #keepRun(entry: Entry, now: Entry): void {
    const { id, attempt } = entry.record;
    const { stopReason: reason, stopRequestedAt: at } = now.run!;
    entry.version = now.version;
    if (reason === null || entry.run!.stopReason !== null) return;
    const event = { type: "cancel:requested", seq: 0, at: at!, attempt, reason } as const;
    const decision: Decision = { kind: "cancelled", id, event };
    this.options.onReplaced(this.ledger.apply(decision, now.version), decision);
  }

  #replace(before: Entry | null, after: Entry | undefined): void {
    const id = (before ?? after)!.record.id;
    // What waits in a queue leaves its place by the entry that it came with.
    const isGone = before !== null && (!after || before.record.state === "queued");
    if (isGone) {
      const removed: Decision = { kind: "removed", id, key: null, state: before.record.state };
      this.options.onReplaced([{ id, before: before.record, after: null }], removed);
    }
    this.options.archive().forget(id);
    if (!after) {
      this.#drop(id);
      return;
    }
    this.ledger.drop(id);
    this.ledger.add(after);
    const change = { id, before: isGone ? null : (before?.record ?? null), after: after.record };
    this.#account(change);
    this.options.onReplaced([change], { kind: "restored", id, entry: after });
  }

  #count(counts: SealedCounts): void {
    this.#counts.reset(counts, []);
    this.queuedBytes = 0;
    for (const { record, bytes } of this.ledger.entries.values())
      if (record.state === "queued") this.queuedBytes += bytes;
  }

  #account({ id, before, after, bytesBefore }: Change): void {
    this.#counts.change(before, after);
    const entry = this.ledger.get(id);
    const bytes = entry?.bytes ?? 0;
    if (before?.state === "queued") this.queuedBytes -= bytesBefore ?? bytes;
    if (after?.state === "queued") this.queuedBytes += bytes;
    else this.waitedFor.release(id);
    this.recent.delete(id);
    if (!after || !isFinal(after.state) || !entry) return;
    for (const dropped of this.recent.add(entry)) this.#leave(dropped);
  }

  /** A finished operation leaves memory. */
  #leave(id: string): void {
    const entry = this.ledger.get(id);
    if (!entry) return;
    this.ledger.drop(id);
    this.waitedFor.dropped(entry);
    this.options.onForget(id);
  }

  /** The operation is gone. */
  #drop(id: string): void {
    this.ledger.drop(id);
    this.recent.delete(id);
    this.waitedFor.release(id);
    this.waitedFor.forget(id);
  }

  /** Oldest first. */
  #newestFinished(): Entry[] {
    return [...this.ledger.entries.values()]
      .filter(({ record }) => isFinal(record.state))
      .sort((a, b) => a.order - b.order)
      .slice(-RECENT);
  }
}

/** Whether two entries of a running operation are of the same attempt. */
function isSameRun({ record, run }: Entry, now: Entry): boolean {
  const isRunning = record.state === "running" && now.record.state === "running";
  return (
    isRunning &&
    record.attempt === now.record.attempt &&
    run?.claim?.fence === now.run?.claim?.fence
  );
}
