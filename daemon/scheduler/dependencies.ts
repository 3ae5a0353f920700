/**
 * Operations that wait for others (`after`, `afterAny`), outside the queue.
 *
 * An operation counts as finished when its chain is: the last link that it handed over to. A dependency that is gone
 * was finished before, since an operation whose dependency fails is cancelled at that moment.
 */
import type { Outcome } from "../../protocol/event.js";
import type { Operation } from "../../protocol/operation.js";
import { isFinal } from "../../protocol/state.js";
import type { Entry } from "../store/decision.js";

/** How long a cancel waits for room on a full disk before the next try, in ms. */
const AGAIN_MS = 500;

interface DependenciesOptions {
  find(id: string): Entry | null;
  /** Ends a queued operation; rejects where that cannot be recorded now. */
  reject(id: string, outcome: Outcome): Promise<void>;
  /** The operation no longer waits. */
  onReady(entry: Entry): void;
  /** `waitsFor` of a queued operation changed. */
  onChange(entry: Entry): void;
}

/** How the chain of a dependency stands. */
type Standing = { live: string } | { failed: Operation } | "succeeded";

export class Dependencies {
  /** By id of the waiting operation: its dependencies that are not finished, and the live link of each chain. */
  readonly #waiting = new Map<string, { pending: string[]; live: string[] }>();
  /** By id of a live operation: the operations that wait for its end. */
  readonly #waiters = new Map<string, Set<string>>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(private readonly options: DependenciesOptions) {}

  /** Number of operations that wait. */
  get length(): number {
    return this.#waiting.size;
  }

  /** Holds the operation while it waits for others. Returns whether it does. */
  hold(entry: Entry): boolean {
    const { id, after = [], afterAny = [] } = entry.record;
    this.#forget(id);
    if (after.length === 0 && afterAny.length === 0) return false;
    const pending: string[] = [];
    const live: string[] = [];
    for (const dependency of after) {
      const standing = this.#standing(dependency);
      if (standing === "succeeded") continue;
      if ("failed" in standing) {
        this.#cancel(id, standing.failed);
        return true;
      }
      live.push(standing.live);
      pending.push(dependency);
    }
    for (const dependency of afterAny) {
      const standing = this.#standing(dependency);
      if (standing === "succeeded" || "failed" in standing) continue;
      live.push(standing.live);
      pending.push(dependency);
    }
    if (pending.length === 0) return false;
    for (const link of live) this.#wait(id, link);
    this.#waiting.set(id, { pending, live });
    return true;
  }

  /** The dependencies that are not finished; null: the operation waits for none. */
  waitsFor(id: string): string[] | null {
    return this.#waiting.get(id)?.pending ?? null;
  }

  /** An operation finished, or was removed: what waits for it is looked at again. */
  finished(id: string): void {
    const waiters = this.#waiters.get(id);
    if (waiters === undefined) return;
    this.#waiters.delete(id);
    for (const waiter of waiters) {
      const entry = this.#waiting.has(waiter) ? this.options.find(waiter) : null;
      if (entry?.record.state !== "queued") continue;
      if (this.hold(entry)) this.options.onChange(entry);
      else this.options.onReady(entry);
    }
  }

  /** The operation is no longer queued. */
  remove(id: string): void {
    this.#forget(id);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #standing(id: string): Standing {
    for (let entry = this.options.find(id); entry; entry = this.options.find(entry.record.chain.next ?? "")) {
      const { record } = entry;
      if (!isFinal(record.state)) return { live: record.id };
      if (record.state !== "succeeded") return { failed: record };
      if (record.chain.next === null) break;
    }
    return "succeeded";
  }

  #wait(id: string, live: string): void {
    const waiters = this.#waiters.get(live) ?? new Set();
    waiters.add(id);
    this.#waiters.set(live, waiters);
  }

  #forget(id: string): void {
    const { live = [] } = this.#waiting.get(id) ?? {};
    this.#waiting.delete(id);
    for (const link of live) {
      const waiters = this.#waiters.get(link);
      if (waiters?.delete(id) && waiters.size === 0) this.#waiters.delete(link);
    }
  }

  /** Not within the caller's decision; on a full disk the cancel is retried until there is room. */
  #cancel(id: string, failed: Operation): void {
    this.#later(0, () =>
      this.options.reject(id, cancelledBy(failed)).catch(() => this.#later(AGAIN_MS, () => this.#again(id))),
    );
  }

  #again(id: string): void {
    const entry = this.options.find(id);
    if (entry?.record.state === "queued" && !this.hold(entry)) this.options.onReady(entry);
  }

  #later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }
}

function cancelledBy({ op, id, label, state }: Operation): Outcome {
  const name = label === null ? op : `${op} (${label})`;
  const how = state === "cancelled" ? "was cancelled" : "failed";
  const message = `${name} ${id} ${how}, and this operation runs only after it has succeeded; liveops retry runs this operation once it has`;
  return {
    state: "cancelled",
    result: null,
    error: { code: "LIVEOPS_DEPENDENCY_FAILED", message, stack: null },
    next: null,
  };
}
