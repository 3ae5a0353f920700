/**
 * The newest finished operations, sealed or not, oldest first: kept in memory for the dashboard.
 * Also the query filter for operations in memory, and the counts by state.
 */
import type { Operation } from "../../protocol/operation.js";
import { isSubmittedIn } from "../../protocol/origin.js";
import { STATES } from "../../protocol/state.js";
import { type ByState, NO_STATES } from "../../protocol/watch.js";
import type { Entry } from "./decision.js";
import { EQUAL, type HistoryQuery } from "./history-query.js";

/** Number of kept operations. */
export const RECENT = 200;

export class Recent {
  #loaded: Map<string, Entry> | null = null;

  /** @param load - returns the newest operations, oldest first; called at the first access */
  constructor(private readonly load: () => Entry[]) {}

  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  values(): Iterable<Entry> {
    return this.#entries.values();
  }

  /**
   * Adds an operation that has just finished. Returns the ids that are no longer among the newest.
   */
  add(entry: Entry): string[] {
    const entries = this.#entries;
    entries.set(entry.record.id, entry);
    const dropped: string[] = [];
    for (const oldest of entries.keys()) {
      if (entries.size <= RECENT) break;
      entries.delete(oldest);
      dropped.push(oldest);
    }
    return dropped;
  }

  delete(id: string): void {
    this.#entries.delete(id);
  }

  get #entries(): Map<string, Entry> {
    this.#loaded ??= new Map(this.load().map((entry) => [entry.record.id, entry]));
    return this.#loaded;
  }
}

/**
 * Whether an operation in memory matches a query, by the same rules as the history's index
 * (`history-index.ts`).
 */
export function matchesQuery({ record, order, finishedBy }: Entry, query: HistoryQuery): boolean {
  if (query.state && !query.state.includes(record.state)) return false;
  if (EQUAL.some((name) => query[name] !== undefined && record[name] !== query[name])) return false;
  if (query.chain !== undefined && record.chain.id !== query.chain) return false;
  if (!fitsParent(record, query)) return false;
  if (query.here !== undefined && !isSubmittedIn(record, query.here)) return false;
  if (
    query.before !== undefined &&
    !(query.order === "oldest" ? order > query.before : order < query.before)
  )
    return false;
  if (query.finishedAfter !== undefined && finishedBy <= query.finishedAfter) return false;
  if (
    query.finishedSince !== undefined &&
    !(Date.parse(record.finishedAt ?? "") >= query.finishedSince)
  )
    return false;
  if (!query.q) return true;
  const text = [record.id, record.op, record.title, record.label ?? ""].join("\n").toLowerCase();
  return text.includes(query.q.toLowerCase());
}

function fitsParent({ parent }: Operation, query: HistoryQuery): boolean {
  if (query.parent === undefined) return true;
  if (["none", "any", "gone"].includes(query.parent))
    return (parent === undefined) === (query.parent === "none");
  return parent?.id === query.parent;
}

/** Of all operations, and of those inside of another one. */
export type SealedCounts = readonly [all: Partial<ByState>, inside: Partial<ByState>];

type Counted = Pick<Operation, "state" | "parent">;

/** How many operations are in each state, live and finished. */
export class StateCounts {
  #counts: ByState = NO_STATES;
  /** Those inside of another operation. */
  #inside: ByState = NO_STATES;

  /** @param parent `none`: only those inside of no other operation */
  get(parent?: "none"): ByState {
    const counts = { ...this.#counts };
    if (parent === "none") for (const state of STATES) counts[state] -= this.#inside[state];
    return counts;
  }

  /** Number of operations that are not finished. */
  get live(): number {
    return this.#counts.queued + this.#counts.running;
  }

  /** Recounts from the sealed operations by state and the entries in memory. */
  reset([all, inside]: SealedCounts, entries: Iterable<Entry>): void {
    this.#counts = { ...NO_STATES, ...all };
    this.#inside = { ...NO_STATES, ...inside };
    for (const { record } of entries) this.#add(record, 1);
  }

  change(before: Counted | null, after: Counted | null): void {
    if (before) this.#add(before, -1);
    if (after) this.#add(after, 1);
  }

  #add({ state, parent }: Counted, by: number): void {
    this.#counts[state] += by;
    if (parent !== undefined) this.#inside[state] += by;
  }
}
