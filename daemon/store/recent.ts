/** The newest finished operations, whether sealed or not, oldest first: kept in memory for the screens. */
import type { Entry } from "./decision.js";

/** How many. */
export const RECENT = 200;

export class Recent {
  readonly #entries = new Map<string, Entry>();

  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  values(): Iterable<Entry> {
    return this.#entries.values();
  }

  /** It has just finished. Returns those that are no longer among the newest. */
  add(entry: Entry): string[] {
    this.#entries.set(entry.record.id, entry);
    const dropped: string[] = [];
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= RECENT) break;
      this.#entries.delete(oldest);
      dropped.push(oldest);
    }
    return dropped;
  }

  delete(id: string): void {
    this.#entries.delete(id);
  }
}
