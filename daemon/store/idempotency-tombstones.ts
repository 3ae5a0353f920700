/** Idempotency keys of operations that were removed: they stand for a day, so that no late repeat runs again. */
import type { IdempotencyKey } from "./decision.js";

/** The id the key's operation had. */
export type IdempotencyTombstone = IdempotencyKey & { id: string };

const DAY_MS = 24 * 3600 * 1000;

export class IdempotencyTombstones {
  readonly #keys = new Map<string, IdempotencyTombstone>();

  constructor(private readonly now: () => number = Date.now) {}

  add(key: IdempotencyTombstone): void {
    if (this.#stands(key)) this.#keys.set(key.key, key);
  }

  find(key: string): IdempotencyTombstone | null {
    return this.#keys.get(key) ?? null;
  }

  /** Those that still stand; the others are forgotten. */
  all(): IdempotencyTombstone[] {
    for (const key of this.#keys.values()) if (!this.#stands(key)) this.#keys.delete(key.key);
    return [...this.#keys.values()];
  }

  #stands({ at }: IdempotencyTombstone): boolean {
    return this.now() - Date.parse(at) < DAY_MS;
  }
}
