/**
 * The chains that queued operations wait for. Their finished links stay in memory as long as an
 * operation waits, however many operations finish meanwhile: a link that is not in memory counts as
 * gone (`scheduler/holds/dependencies.ts`).
 */
import type { Operation } from "../../../../protocol/operation.js";
import { isFinal } from "../../../../protocol/state.js";
import type { Decision, Entry } from "../../../store/decision.js";
import type { Ledger } from "../../../store/ledger.js";

export type Waiter = Pick<Operation, "id" | "after" | "afterAny">;

export class WaitedFor {
  /** Finished links that are not in the ledger, by id. */
  readonly #links = new Map<string, Entry>();
  /** Ids of chains, by the operation that waits for them. */
  readonly #chains = new Map<string, Set<string>>();
  /** How many operations wait for a chain, by its id. */
  readonly #waiters = new Map<string, number>();

  /** A link that is not in the ledger. */
  get(id: string): Entry | undefined {
    return this.#links.get(id);
  }

  /**
   * The operation waits, or begins to: brings the links that are not in memory.
   *
   * @param find an operation in memory
   * @param read an operation of the engine; null: there is none
   */
  async hold(
    { id, after = [], afterAny = [] }: Waiter,
    find: (id: string) => Entry | null,
    read: (id: string) => Promise<Entry | null>,
  ): Promise<void> {
    if (after.length === 0 && afterAny.length === 0) return;
    const chains = new Set<string>();
    const links: Entry[] = [];
    for (const dependency of [...after, ...afterAny])
      for (let next: string | null = dependency; next !== null; ) {
        const known = find(next);
        const entry: Entry | null = known ?? (await read(next));
        if (entry !== null) chains.add(entry.record.chain.id);
        if (entry !== null && isFinal(entry.record.state)) links.push(entry);
        next = entry?.record.chain.next ?? null;
      }
    this.release(id);
    this.#chains.set(id, chains);
    for (const chain of chains) this.#waiters.set(chain, (this.#waiters.get(chain) ?? 0) + 1);
    for (const link of links) this.#links.set(link.record.id, link);
  }

  /** The operation waits no longer, or is gone. */
  release(id: string): void {
    const chains = this.#chains.get(id);
    if (!chains) return;
    this.#chains.delete(id);
    const over = new Set<string>();
    for (const chain of chains) {
      const others = this.#waiters.get(chain)! - 1;
      if (others > 0) this.#waiters.set(chain, others);
      else {
        this.#waiters.delete(chain);
        over.add(chain);
      }
    }
    if (over.size === 0) return;
    for (const [link, { record }] of this.#links)
      if (over.has(record.chain.id)) this.#links.delete(link);
  }

  /** A finished operation leaves the ledger. */
  dropped(entry: Entry): void {
    const { id, chain } = entry.record;
    if (this.#waiters.has(chain.id)) this.#links.set(id, entry);
    else this.#links.delete(id);
  }

  /** Another decision about the operation was made. */
  forget(id: string): void {
    this.#links.delete(id);
  }
}

/** The operation that the decision queues, which may wait for others. */
export function waiterIn(decision: Decision, ledger: Ledger): Waiter | null {
  switch (decision.kind) {
    case "submitted":
      return decision.event.operation;
    case "retried":
    case "restored":
      return decision.entry.record;
    case "requeued":
      return ledger.get(decision.id)?.record ?? null;
    case "finished":
      return decision.successor?.submitted.event.operation ?? null;
    default:
      return null;
  }
}
