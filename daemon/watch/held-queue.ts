/**
 * Which queued operations the client of a stream holds. While they are few it holds all of them. Of a long queue it
 * holds the first ones; a later one is sent when it comes among these, or when it starts.
 */
import type { Operation } from "../../protocol/operation.js";
import { fits, type Scope } from "./scope.js";

export class HeldQueue {
  /** Queued operations that the client holds, or that are about to be sent. */
  readonly #held = new Set<string>();

  /** @param fitting - number of all queued operations that fit */
  constructor(
    private readonly scope: Scope,
    private fitting: number,
  ) {}

  /** Number of queued operations that fit and that the client does not hold. */
  get leftOut(): number {
    return this.fitting - this.#held.size;
  }

  /** The client gets the operation, or has it. */
  hold(operation: Operation): void {
    if (this.#counts(operation)) this.#held.add(operation.id);
  }

  /** The operation is new, changed or removed. */
  note(before: Operation | null, after: Operation | null): void {
    this.fitting += Number(this.#counts(after)) - Number(this.#counts(before));
    if (before !== null && !this.#counts(after)) this.#held.delete(before.id);
  }

  /** Whether the client gets an operation that it does not hold: of the queued ones, while it holds all others. */
  takes(operation: Operation): boolean {
    return !this.#counts(operation) || (this.leftOut <= 1 && this.#held.size < this.scope.queued);
  }

  #counts(operation: Operation | null): boolean {
    return operation?.state === "queued" && this.scope.operation === null && fits(this.scope, operation);
  }
}
