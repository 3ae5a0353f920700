/**
 * Idempotency keys of removed operations, so that a late repeat does not run again: the newest of
 * them, since each is in memory and in the state document.
 */
import type { IdempotencyKey } from "./decision.js";

/** The key, and the id of its removed operation. */
export type IdempotencyTombstone = IdempotencyKey & { id: string };

/**
 * Number of kept keys. A client repeats a request within seconds; its operation must have run and
 * gone meanwhile.
 */
export const MOST_TOMBSTONES = 5000;

export class IdempotencyTombstones {
  readonly #keys = new Map<string, IdempotencyTombstone>();

  add(key: IdempotencyTombstone): void {
    this.#keys.set(key.key, key);
    const [oldest] = this.#keys.keys();
    if (oldest !== undefined && this.#keys.size > MOST_TOMBSTONES) this.#keys.delete(oldest);
  }

  find(key: string): IdempotencyTombstone | null {
    return this.#keys.get(key) ?? null;
  }

  /** Oldest first. */
  all(): IdempotencyTombstone[] {
    return [...this.#keys.values()];
  }
}
