/** The newest finished operations, whether sealed or not, oldest first: kept in memory for the screens. */
import type { Entry } from "./decision.js";

/** How many. */
export const RECENT = 200;

export class Recent {
  #loaded: Map<string, Entry> | null = null;

  /** @param load - the newest, oldest first; called when they are first asked for */
  constructor(private readonly load: () => Entry[]) {}

  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  values(): Iterable<Entry> {
    return this.#entries.values();
  }

  /** It has just finished. Returns those that are no longer among the newest. */
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
