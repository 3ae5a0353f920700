/**
 * A record that takes one fact after another: what `fold` makes of them, without a copy of the stages' maps for each.
 * They are copied at the first change after the record was read, since whoever read it keeps it as it was.
 */
import type { Fact } from "./fact.js";
import { foldLogLine, foldWith, type Put, setEntry } from "./fold.js";
import type { LogLine, Operation } from "./operation.js";

export class GrowingRecord {
  #record: Operation;
  /** Maps that nobody else has seen. */
  readonly #own = new Set<object>();
  readonly #put: Put = (map, key, value) => {
    if (this.#own.has(map)) return setEntry(map, key, value);
    const copy = { ...map };
    this.#own.add(copy);
    return setEntry(copy, key, value);
  };

  constructor(record: Operation) {
    this.#record = record;
  }

  /** As it is now; it is not changed any more. */
  get record(): Operation {
    this.#own.clear();
    return this.#record;
  }

  get attempt(): number {
    return this.#record.attempt;
  }

  get logLines(): number {
    return this.#record.logLines;
  }

  add(fact: Fact): void {
    this.#record = foldWith(this.#put, this.#record, fact);
  }

  addLine(line: LogLine): void {
    this.#record = foldLogLine(this.#record, line);
  }
}
