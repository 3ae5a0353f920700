/**
 * Idempotency keys of removed operations, so that a late repeat does not run again: valid for a day, and the newest of
 * them, since each is in memory and in the state document.
 */
import type { IdempotencyKey } from "./decision.js";

/** The key, and the id of its removed operation. */
export type IdempotencyTombstone = IdempotencyKey & { id: string };

/** Number of kept keys. A client repeats a request within seconds; its operation must have run and gone meanwhile. */
export const MOST_TOMBSTONES = 5000;

const DAY_MS = 24 * 3600 * 1000;

export class IdempotencyTombstones {
  readonly #keys = new Map<string, IdempotencyTombstone>();

  constructor(private readonly now: () => number = Date.now) {}

  add(key: IdempotencyTombstone): void {
    if (!this.#stands(key)) return;
    this.#keys.set(key.key, key);
    const [oldest] = this.#keys.keys();
    if (oldest !== undefined && this.#keys.size > MOST_TOMBSTONES) this.#keys.delete(oldest);
  }

  /** Null: no such key, or it has expired. */
  find(key: string): IdempotencyTombstone | null {
    const tombstone = this.#keys.get(key);
    return tombstone && this.#stands(tombstone) ? tombstone : null;
  }

  /** All valid keys; expired keys are deleted. */
  all(): IdempotencyTombstone[] {
    for (const key of this.#keys.values()) if (!this.#stands(key)) this.#keys.delete(key.key);
    return [...this.#keys.values()];
  }

  #stands({ at }: IdempotencyTombstone): boolean {
    return this.now() - Date.parse(at) < DAY_MS;
  }
}
