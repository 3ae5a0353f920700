/**
 * When each key of each operation last changed, counted in one number over the whole daemon: the cursor.
 *
 * With it a watcher needs to remember only the number it was last brought up to, and a reconnecting client is sent
 * just the keys that changed since.
 */
import type { Operation } from "../../protocol/operation.js";

interface Versions {
  /** First seen: before this number it did not exist. */
  created: number;
  last: number;
  /** Null until one changes. */
  keys: Record<string, number> | null;
}

/** Keys that are made up when a record is shown, wholly or (progress) in part, and go with the state. */
const MADE_UP = ["queuePosition", "stalledSince", "noRoomSince", "progress"] satisfies Array<keyof Operation>;

/** Removed ids remembered; a client whose cursor is older gets a snapshot. */
const REMOVED = 1000;

export class ChangeVersions {
  current = 0;
  /** Cursors below this are too old. */
  floor = 0;
  readonly #operations = new Map<string, Versions>();
  readonly #removed = new Map<string, number>();

  /** Notes what changed between the two records; false where nothing did. */
  note(before: Operation | null, after: Operation): boolean {
    const versions = this.#operations.get(after.id);
    if (!versions || !before) {
      const n = ++this.current;
      this.#operations.set(after.id, { created: n, last: n, keys: null });
      return true;
    }
    const changed = changedKeys(before, after);
    if (changed.length === 0) return false;
    const n = ++this.current;
    versions.last = n;
    versions.keys ??= {};
    for (const key of changed) versions.keys[key] = n;
    if (before.state !== after.state) for (const key of MADE_UP) versions.keys[key] = n;
    return true;
  }

  /** Notes a change of one key that is not part of the stored record. */
  noteKey(id: string, key: string): void {
    const versions = this.#operations.get(id);
    if (!versions) return;
    versions.last = ++this.current;
    versions.keys ??= {};
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

  /** Forgets an operation that left memory; a cursor from before that cannot be served exactly. */
  drop(id: string): void {
    const versions = this.#operations.get(id);
    if (!versions) return;
    this.floor = Math.max(this.floor, versions.last);
    this.#operations.delete(id);
  }

  removedSince(n: number): string[] {
    return [...this.#removed].filter(([, at]) => at > n).map(([id]) => id);
  }

  changedSince(id: string, n: number): boolean {
    return (this.#operations.get(id)?.last ?? 0) > n;
  }

  /** Ids of those that were there at `n` and changed after it. */
  changedBetween(n: number): string[] {
    return [...this.#operations]
      .filter(([, { created, last }]) => created <= n && last > n)
      .map(([id]) => id);
  }

  /** The keys that changed after `n`; null: all of it, it is newer than that. */
  keysSince(id: string, n: number): string[] | null {
    const versions = this.#operations.get(id);
    if (!versions || versions.created > n) return null;
    return Object.entries(versions.keys ?? {})
      .filter(([, at]) => at > n)
      .map(([key]) => key);
  }
}

/** Top-level keys whose values differ; the fold keeps unchanged values identical. */
export function changedKeys(before: Operation, after: Operation): string[] {
  return (Object.keys(after) as Array<keyof Operation>).filter((key) => before[key] !== after[key]);
}
