/** Which logs streams read now. The daemon follows only these line by line. */
import type { Bus } from "../bus.js";

export class LogReaders {
  /** Number of readers by operation. */
  readonly #counts = new Map<string, number>();

  /** @param readsAll - every log has a reader: another machine gets its lines */
  constructor(
    private readonly bus: Bus,
    private readonly readsAll: boolean,
  ) {}

  has(id: string): boolean {
    return this.readsAll || this.#counts.has(id);
  }

  /** When this returns, the record of a running operation has the number of its lines. */
  add(id: string): void {
    const before = this.#counts.get(id) ?? 0;
    this.#counts.set(id, before + 1);
    if (before === 0) this.bus.emit("logRead", id);
  }

  remove(id: string): void {
    const left = (this.#counts.get(id) ?? 0) - 1;
    if (left > 0) this.#counts.set(id, left);
    else this.#counts.delete(id);
  }
}
