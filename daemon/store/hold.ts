/**
 * Holds on the store's files. While a hold is taken, no journal segment, checkpoint or history segment is deleted or
 * replaced, and no run files are removed. Files that grow go on growing: a hold says how far each counts.
 */
import { statSync } from "node:fs";
import type { Change } from "./ledger.js";
import { journalSegments } from "./read-journal.js";

/** A file, and how many of its bytes count. */
interface FileExtent {
  file: string;
  /** Bytes. */
  length: number;
}

/** The store at one moment, and what was decided since. */
export class StoreHold {
  /** Highest attempt at the moment of the hold, for each operation that changed since. */
  readonly #attempts = new Map<string, number>();

  constructor(
    /** The journal's segments, oldest first. Exactly the durable records count. */
    readonly journal: readonly FileExtent[],
    readonly release: () => void,
  ) {}

  /** The number of the operation's last attempt at the moment of the hold; -1 where the operation did not exist. */
  lastAttempt(id: string): number {
    return this.#attempts.get(id) ?? Number.POSITIVE_INFINITY;
  }

  note({ id, before, after }: Change): void {
    if (this.#attempts.has(id)) return;
    // An attempt that its worker never accepted starts again under the same number.
    const isStart = before?.state === "queued" && after?.state === "running";
    this.#attempts.set(id, before === null ? -1 : isStart ? after.attempt - 1 : before.attempt);
  }
}

/** All holds on one store. */
export class StoreHolds {
  readonly #holds = new Set<StoreHold>();
  /** Taken, or about to be. */
  #taken = 0;
  #deferred: Array<() => void> = [];

  get isHeld(): boolean {
    return this.#taken > 0;
  }

  /**
   * @param finished resolves when no file of the store is being replaced any more
   * @param journal the directory, the current segment and the bytes of its durable records
   */
  async take(
    finished: Promise<unknown> | null,
    journal: () => { dir: string; segment: string; length: number },
  ): Promise<StoreHold> {
    this.#taken++;
    await finished?.catch(() => {});
    try {
      const { dir, segment, length } = journal();
      const extents = journalSegments(dir)
        .filter((file) => file <= segment)
        .map((file) => ({ file, length: file === segment ? length : statSync(file).size }));
      const hold = new StoreHold(extents, () => {
        if (this.#holds.delete(hold)) this.#released();
      });
      this.#holds.add(hold);
      return hold;
    } catch (error) {
      this.#released();
      throw error;
    }
  }

  note(change: Change): void {
    for (const hold of this.#holds) hold.note(change);
  }

  /** Calls it once no hold is taken: at once where none is. */
  whenReleased(work: () => void): void {
    if (this.isHeld) this.#deferred.push(work);
    else work();
  }

  #released(): void {
    this.#taken--;
    if (this.isHeld) return;
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const work of deferred) work();
  }
}
