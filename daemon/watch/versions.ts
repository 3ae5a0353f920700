/**
 * Records when each key of each operation last changed. The daemon counts changes in one number:
 * the cursor. So a watcher needs to remember only the number of the last change it sent.
 */
import type { Operation } from "../../protocol/operation.js";

/**
 * Keys that are computed when a record is shown, fully or (progress) in part, and depend on its
 * state.
 */
const MADE_UP: ReadonlyArray<keyof Operation> = [
  "large",
  "queuePosition",
  "stalledSince",
  "noRoomSince",
  "blocked",
  "progress",
  "resources",
  "usage",
];

/** By key, the number of its last change. */
type Versions = Record<string, number>;

/** No key changed since the operation was first seen. So it is for most queued operations. */
const UNCHANGED: Versions = {};

export class ChangeVersions {
  current = 0;
  readonly #operations = new Map<string, Versions>();

  /** Notes the changes between the two records; false if there are none. */
  note(before: Operation | null, after: Operation): boolean {
    if (!before) {
      // It ended before the stored operations were noted: its changes are not sent yet.
      if (this.#operations.has(after.id)) return false;
      this.current++;
      this.#operations.set(after.id, UNCHANGED);
      return true;
    }
    const isKnown = this.#operations.has(after.id);
    // From the history: a client may hold the operation as it was, with any of its keys.
    const changed = isKnown ? changedKeys(before, after) : Object.keys(after);
    if (changed.length === 0) return false;
    if (isKnown && before.state !== after.state) changed.push(...MADE_UP);
    this.#set(after.id, changed);
    return true;
  }

  /** Notes a change of one key that is not part of the stored record. */
  noteKey(id: string, key: string): void {
    if (this.#operations.has(id)) this.#set(id, [key]);
  }

  #set(id: string, keys: readonly string[]): void {
    this.current++;
    let versions = this.#operations.get(id) ?? UNCHANGED;
    if (versions === UNCHANGED) {
      versions = {};
      this.#operations.set(id, versions);
    }
    for (const key of keys) versions[key] = this.current;
  }

  remove(id: string): void {
    this.current++;
    this.#operations.delete(id);
  }

  /** Whether changes of the operation are noted; false once it left memory. */
  has(id: string): boolean {
    return this.#operations.has(id);
  }

  /** Forgets an operation that left memory. */
  drop(id: string): void {
    this.#operations.delete(id);
  }

  /** The keys that changed after `n`; null: all keys, the operation is not known. */
  keysSince(id: string, n: number): string[] | null {
    const versions = this.#operations.get(id);
    if (versions === undefined) return null;
    return Object.entries(versions)
      .filter(([, at]) => at > n)
      .map(([key]) => key);
  }
}

/** Top-level keys whose values differ; the reducer keeps unchanged values identical. */
export function changedKeys(before: Operation, after: Operation): string[] {
  return (Object.keys(after) as Array<keyof Operation>).filter((key) => before[key] !== after[key]);
}
