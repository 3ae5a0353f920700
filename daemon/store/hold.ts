/**
 * Holds on the store's files. During a hold, no journal segment, state document or history segment is deleted or replaced,
 * and no run files are removed. Files may still grow: a hold records how many bytes of each count.
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

/** The store at one moment, and the operations that changed since. */
export class StoreHold {
  /** Highest attempt at the moment of the hold, for each operation that changed since. */
  readonly #attempts = new Map<string, number>();

  constructor(
    /** The journal's segments, oldest first. Only durable records count. */
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
  /** Number of holds, including those that are being taken. */
  #taken = 0;
  #deferred: Array<() => void> = [];

  get isHeld(): boolean {
    return this.#taken > 0;
  }

  /**
   * @param finished resolves when no file of the store is being replaced
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

  /** Calls `work` once the last hold is released; at once where there is none. */
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
