/** Which queued operations may start in a slot that others lend, at one moment. */
import type { Entry } from "../store/decision.js";
import type { Store } from "../store/store.js";
import { compareTurns } from "./lane.js";
import { placeOf, type Queue } from "./queue.js";
import type { Queues } from "./queues.js";
import type { UsedSlots } from "./used-slots.js";
import type { WaitEdges } from "./wait-edges.js";

interface LendingParts {
  edges: Pick<WaitEdges, "graph">;
  store: Pick<Store, "ledger">;
  queue: Pick<Queue, "position">;
  queues: Pick<Queues, "isOpen">;
}

export class Lending {
  /**
   * Operations for whose end something waits, and that wait for their turn alone, in the order of
   * their turns.
   */
  readonly ready: Entry[] = [];
  /** By id of what waits for slots alone: their names. */
  readonly #needs = new Map<string, readonly string[]>();
  #stuck: ReadonlySet<string> | null = null;

  /**
   * @param slots - of all that an operation needs
   * @param needs - names of the slots that an operation needs. Default: its queue
   */
  constructor(
    private readonly parts: LendingParts,
    private readonly slots: UsedSlots,
    isStarting: (id: string) => boolean,
    needs: (entry: Entry) => readonly string[] = ({ record }) => [record.queue],
  ) {
    const { edges, store, queue, queues } = parts;
    for (const id of edges.graph.awaited) {
      const entry = store.ledger.get(id);
      if (entry?.record.state !== "queued" || isStarting(id)) continue;
      const place = placeOf(entry);
      if (!queues.isOpen(place.queue) || queue.position(id, place) === null) continue;
      this.ready.push(entry);
      this.#needs.set(id, needs(entry));
    }
    this.ready.sort((a, b) => compareTurns(placeOf(a), placeOf(b)));
  }

  /**
   * All that lend their slot to the operation: what waits for it, or where no slot is lent by that,
   * all that is stuck.
   */
  lenders(id: string): ReadonlySet<string> {
    const { graph } = this.parts.edges;
    this.#stuck ??= graph.stuck((each) => this.#needs.get(each) ?? [], this.slots);
    return this.#stuck.has(id) ? this.#stuck : graph.waiters(id);
  }
}
