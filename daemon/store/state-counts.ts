/** How many operations are in each state, live and finished. */
import type { Operation } from "../../protocol/operation.js";
import type { Counts } from "../../protocol/watch.js";
import type { Entry } from "./decision.js";

export class StateCounts {
  #counts: Counts = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 };

  get(): Counts {
    return { ...this.#counts };
  }

  /** How many are not finished. */
  get live(): number {
    return this.#counts.queued + this.#counts.running;
  }

  /** Counts anew: what is sealed, by state, and what is in memory beside that. */
  reset(sealed: Partial<Counts>, entries: Iterable<Entry>): void {
    this.#counts = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, ...sealed };
    for (const { record } of entries) this.#counts[record.state]++;
  }

  change(before: Operation | null, after: Operation | null): void {
    if (before) this.#counts[before.state]--;
    if (after) this.#counts[after.state]++;
  }
}
