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
  keys: Record<string, number>;
}

/** Keys that are made up when a record is shown, wholly or (progress) in part, and go with the state. */
const MADE_UP = ["queuePosition", "stalledSince", "noRoomSince", "blocked", "progress"] satisfies Array<
  keyof Operation
>;

/** Removed ids remembered; a client whose cursor is older gets a snapshot. */
const REMOVED = 1000;

export class ChangeVersions {
  current = 0;
  /** Cursors below this are too old. */
  floor = 0;
  /** A number alone: since it was first seen none of its keys changed, as of all that wait. */
  readonly #operations = new Map<string, Versions | number>();
  readonly #removed = new Map<string, number>();

  /** Notes what changed between the two records; false where nothing did. */
  note(before: Operation | null, after: Operation): boolean {
    if (!before || !this.#operations.has(after.id)) {
      this.#operations.set(after.id, ++this.current);
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

  /** Forgets an operation that left memory; a cursor from before that cannot be served exactly. */
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

  /** Ids of those that were there at `n` and changed after it. */
  changedBetween(n: number): string[] {
    const ids: string[] = [];
    for (const [id, versions] of this.#operations)
      if (typeof versions === "object" && versions.created <= n && versions.last > n) ids.push(id);
    return ids;
  }

  /** The keys that changed after `n`; null: all of it, it is newer than that. */
  keysSince(id: string, n: number): string[] | null {
    const versions = this.#operations.get(id);
    if (versions === undefined) return null;
    if (typeof versions === "number") return versions > n ? null : [];
    if (versions.created > n) return null;
    return Object.entries(versions.keys)
      .filter(([, at]) => at > n)
      .map(([key]) => key);
  }

  /** Where its keys are noted; undefined where it is not known. */
  #ofKeys(id: string): Versions | undefined {
    const versions = this.#operations.get(id);
    if (typeof versions !== "number") return versions;
    const noted = { created: versions, last: versions, keys: {} };
    this.#operations.set(id, noted);
    return noted;
  }

  /** When it last changed; 0 where it is not known. */
  #last(id: string): number {
    const versions = this.#operations.get(id) ?? 0;
    return typeof versions === "number" ? versions : versions.last;
  }
}

/** Top-level keys whose values differ; the fold keeps unchanged values identical. */
export function changedKeys(before: Operation, after: Operation): string[] {
  return (Object.keys(after) as Array<keyof Operation>).filter((key) => before[key] !== after[key]);
}
