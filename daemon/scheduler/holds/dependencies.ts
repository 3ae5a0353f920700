/**
 * Operations that wait for others (`after`, `afterAny`).
 *
 * An operation counts as finished when its chain is: the last link that it handed over to. A
 * dependency that is gone was finished before: nothing is removed of a chain that others wait for
 * (`Lifecycle.remove`), and an operation whose dependency fails is cancelled at that moment.
 */
import type { Outcome } from "../../../protocol/event.js";
import type { Blocked, Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import type { Bus } from "../../bus.js";
import type { Entry } from "../../store/decision.js";
import type { Waiting } from "../waiting.js";
import { Hold, type Reason } from "./hold.js";

/** How long a cancel waits for room on a full disk before the next try, in ms. */
const AGAIN_MS = 500;

interface DependenciesOptions {
  bus: Bus;
  find(id: string): Entry | null;
  /** Ends a queued operation; rejects where that cannot be recorded now. */
  reject(id: string, outcome: Outcome): Promise<void>;
  waiting: Pick<Waiting, "again" | "takeOut">;
}

/** How the chain of a dependency stands, and the ids of its links up to the last one. */
interface Standing {
  state: "live" | "failed" | "succeeded";
  links: string[];
  /** Null: the dependency is gone. */
  last: Operation | null;
}

/** What one operation waits for. */
interface Chains {
  /** Dependencies that are not finished. */
  pending: string[];
  /** The last link of each of them. */
  live: string[];
  /**
   * All links of their chains so far, and the last links of those that failed, which may be
   * retried.
   */
  links: Set<string>;
  /** Links of the chains that are not finished. */
  kept: Set<string>;
}

export class Dependencies extends Hold {
  override readonly isPlanned = true;
  /** By id of the waiting operation. */
  readonly #chains = new Map<string, Chains>();
  /** By id of a link: the operations that wait for its chain. */
  readonly #waiters = new Map<string, Set<string>>();
  /** Operations that wait in vain: the cancel of each, and the links of the chain that failed. */
  readonly #cancelling = new Map<string, { links: string[]; rejected: Promise<void> }>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(private readonly options: DependenciesOptions) {
    super();
    options.bus.on("decided", (changes, { kind }) => {
      for (const { id, after } of changes) {
        if (after === null || isFinal(after.state) || kind === "retried") this.#changed(id);
        if (kind === "retried") this.#waitAgain(id);
      }
    });
  }

  /** `waitsFor` of the record shows it. */
  why(): Blocked | null {
    return null;
  }

  override reason({ record: { id } }: Entry): Reason | null {
    const ids = this.liveLinks(id);
    if (ids.length === 0) return null;
    const named = ids.slice(0, 5).map((each) => {
      const { op, state } = this.options.find(each)?.record ?? { op: "", state: "" };
      return `${each} (${op}, ${state})`;
    });
    const more = ids.length > named.length ? ` and ${ids.length - named.length} more` : "";
    return {
      what:
        ids.length === 1
          ? "it waits for another operation"
          : `it waits for ${ids.length} operations`,
      until: `the end of ${named.join(", ")}${more}`,
      after: { ids, all: true },
    };
  }

  override holds({ record }: Entry): boolean {
    const { id, after = [], afterAny = [] } = record;
    this.forget(record);
    if (after.length === 0 && afterAny.length === 0) return false;
    const chains: Chains = { pending: [], live: [], links: new Set(), kept: new Set() };
    const wait = (dependency: string, { state, links }: Standing) => {
      if (state === "failed") chains.links.add(links.at(-1)!);
      if (state !== "live") return;
      chains.pending.push(dependency);
      chains.live.push(links.at(-1)!);
      for (const link of links) chains.kept.add(link);
    };
    for (const dependency of after) {
      const standing = this.#standing(dependency);
      if (standing.state === "failed") {
        this.#cancel(id, standing.last!, standing.links);
        return true;
      }
      wait(dependency, standing);
    }
    for (const dependency of afterAny) wait(dependency, this.#standing(dependency));
    if (chains.pending.length === 0) return false;
    for (const link of chains.kept) chains.links.add(link);
    for (const link of chains.links) this.#addWaiter(id, link);
    this.#chains.set(id, chains);
    return true;
  }

  /** The dependencies that are not finished; null: the operation waits for none. */
  waitsFor(id: string): string[] | null {
    return this.#chains.get(id)?.pending ?? null;
  }

  /** The present links of the chains for whose end the operation waits, each once. */
  liveLinks(id: string): string[] {
    return [...new Set(this.#chains.get(id)?.live)];
  }

  /** The link of a chain that is not finished; null: there is none. */
  liveLink(id: string): string | null {
    const { state, last } = this.#standing(id);
    return state === "live" ? last!.id : null;
  }

  /** An operation that waits for the end of a chain with this link; null: none does. */
  waiterOf(id: string): string | null {
    for (const waiter of this.#waiters.get(id) ?? [])
      if (this.#chains.get(waiter)?.kept.has(id)) return waiter;
    return null;
  }

  /** Whether an operation waits for a change of this one. */
  isAwaited(id: string): boolean {
    return this.#waiters.has(id);
  }

  /** Resolves when the cancels of the operations that waited in vain for this one are recorded. */
  async cancelled(id: string): Promise<void> {
    const its = [...this.#cancelling.values()].filter(({ links }) => links.includes(id));
    await Promise.all(its.map(({ rejected }) => rejected));
  }

  /** An operation finished, was removed or is retried: what waits for it is looked at again. */
  #changed(id: string): void {
    const waiters = this.#waiters.get(id);
    if (waiters) this.options.waiting.again([...waiters]);
  }

  /** Whether the operation, which is queued, waits for this one where that is retried. */
  waitsAgain({ record: { afterAny = [] } }: Entry, id: string): boolean {
    return afterAny.some((dependency) => this.#standing(dependency).links.includes(id));
  }

  /** An operation is retried: what waited for its end, and is in its queue since, waits again. */
  #waitAgain(id: string): void {
    this.options.waiting.takeOut((entry) => this.waitsAgain(entry, id));
  }

  override forget({ id }: Operation): void {
    const { links = [] } = this.#chains.get(id) ?? {};
    this.#chains.delete(id);
    for (const link of links) {
      const waiters = this.#waiters.get(link);
      if (waiters?.delete(id) && waiters.size === 0) this.#waiters.delete(link);
    }
  }

  override stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #standing(id: string): Standing {
    const links: string[] = [];
    let last: Operation | null = null;
    for (let next: string | null = id; next !== null; next = last.chain.next) {
      const record: Operation | undefined = this.options.find(next)?.record;
      if (!record) break;
      links.push(record.id);
      last = record;
      if (!isFinal(record.state)) return { state: "live", links, last };
      if (record.state !== "succeeded") return { state: "failed", links, last };
    }
    return { state: "succeeded", links, last };
  }

  #addWaiter(id: string, link: string): void {
    const waiters = this.#waiters.get(link) ?? new Set();
    waiters.add(id);
    this.#waiters.set(link, waiters);
  }

  /** Not within the caller's decision; on a full disk the cancel is retried until there is room. */
  #cancel(id: string, failed: Operation, links: string[]): void {
    const rejected = Promise.resolve().then(() => this.options.reject(id, cancelledBy(failed)));
    this.#cancelling.set(id, { links, rejected });
    const over = () => {
      if (this.#cancelling.get(id)?.rejected === rejected) this.#cancelling.delete(id);
    };
    rejected.then(over, () => {
      over();
      this.#later(AGAIN_MS, () => this.options.waiting.again([id]));
    });
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
