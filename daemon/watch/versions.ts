/**
 * Records when each key of each operation last changed. The daemon counts changes in one number: the cursor.
 *
 * A watcher needs to remember only the number of the last change it sent. A reconnecting client gets only the keys that
 * changed since its cursor.
 */
import type { Operation } from "../../protocol/operation.js";

interface Versions {
  /** The number at which the operation was first seen. */
  created: number;
  last: number;
  keys: Record<string, number>;
}

/** Keys that are computed when a record is shown, fully or (progress) in part, and depend on its state. */
const MADE_UP: ReadonlyArray<keyof Operation> = [
  "queuePosition",
  "stalledSince",
  "noRoomSince",
  "blocked",
  "progress",
  "resources",
  "usage",
];

/** Most removed ids that are remembered. A client with an older cursor gets a snapshot. */
const REMOVED = 1000;

export class ChangeVersions {
  current = 0;
  /** Cursors below this are too old. */
  floor = 0;
  /** A plain number: no key changed since the operation was first seen. So it is for most queued operations. */
  readonly #operations = new Map<string, Versions | number>();
  readonly #removed = new Map<string, number>();

  /** Notes the changes between the two records; false if there are none. */
  note(before: Operation | null, after: Operation): boolean {
    if (!before) {
      this.#operations.set(after.id, ++this.current);
      return true;
    }
    // From the history: a client may hold the operation as it was, with any of its keys.
    if (!this.#operations.has(after.id)) {
      const n = ++this.current;
      const keys = Object.fromEntries(Object.keys(after).map((key) => [key, n]));
      this.#operations.set(after.id, { created: 0, last: n, keys });
      return true;
    }
    const changed = changedKeys(before, after);
    if (changed.length === 0) return false;
    const versions = this.#ofKeys(after.id)!;
    const n = ++this.current;
    versions.last = n;
    for (const key of changed) versions.keys[key] = n;
    if (before.state !== after.state) for (const key of MADE_UP) versions.keys[key] = n;
    return true;
  }

  /** Notes a change of one key that is not part of the stored record. */
  noteKey(id: string, key: string): void {
    const versions = this.#ofKeys(id);
    if (!versions) return;
    versions.last = ++this.current;
    versions.keys[key] = versions.last;
  }

  remove(id: string): void {
    this.#operations.delete(id);
    this.#removed.set(id, ++this.current);
    for (const [oldest, n] of this.#removed) {
      if (this.#removed.size <= REMOVED) break;
      this.#removed.delete(oldest);
      this.floor = n;
    }
  }

  /** Whether changes of the operation are noted; false once it left memory. */
  has(id: string): boolean {
    return this.#operations.has(id);
  }

  /** Forgets an operation that left memory. A cursor from before its last change becomes too old. */
  drop(id: string): void {
    if (!this.#operations.has(id)) return;
    this.floor = Math.max(this.floor, this.#last(id));
    this.#operations.delete(id);
  }

  removedSince(n: number): string[] {
    return [...this.#removed].filter(([, at]) => at > n).map(([id]) => id);
  }

  changedSince(id: string, n: number): boolean {
    return this.#last(id) > n;
  }

  /** Ids of operations that existed at `n` and changed after it. */
  changedBetween(n: number): string[] {
    const ids: string[] = [];
    for (const [id, versions] of this.#operations)
      if (typeof versions === "object" && versions.created <= n && versions.last > n) ids.push(id);
    return ids;
  }

  /** The keys that changed after `n`; null: all keys, the operation is newer than `n` or not known. */
  keysSince(id: string, n: number): string[] | null {
    const versions = this.#operations.get(id);
    if (versions === undefined) return null;
    if (typeof versions === "number") return versions > n ? null : [];
    if (versions.created > n) return null;
    return Object.entries(versions.keys)
      .filter(([, at]) => at > n)
      .map(([key]) => key);
  }

  /** The versions of the operation's keys; undefined if the operation is not known. */
  #ofKeys(id: string): Versions | undefined {
    const versions = this.#operations.get(id);
    if (typeof versions !== "number") return versions;
    const noted = { created: versions, last: versions, keys: {} };
    this.#operations.set(id, noted);
    return noted;
  }

  /** The number of the operation's last change; 0 if the operation is not known. */
  #last(id: string): number {
    const versions = this.#operations.get(id) ?? 0;
    return typeof versions === "number" ? versions : versions.last;
  }
}

/** Top-level keys whose values differ; the reducer keeps unchanged values identical. */
export function changedKeys(before: Operation, after: Operation): string[] {
  return (Object.keys(after) as Array<keyof Operation>).filter((key) => before[key] !== after[key]);
}
