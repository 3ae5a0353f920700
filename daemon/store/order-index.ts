/**
 * Entries in the order of their submission. A removed entry leaves its order behind as a gap, so
 * that nothing moves; the gaps go when they are more than half.
 */
import type { Entry } from "./decision.js";

/** With fewer gaps, a walk that skips them costs nothing. */
const FEW_GAPS = 64;

export class OrderIndex {
  /** Sorted by order. A number is a gap: the order of a removed entry. */
  #slots: Array<Entry | number> = [];
  #gaps = 0;

  get size(): number {
    return this.#slots.length - this.#gaps;
  }

  add(entry: Entry): void {
    const at = this.#find(entry.order);
    if (this.#slots[at] === entry.order) {
      this.#slots[at] = entry;
      this.#gaps--;
    } else this.#slots.splice(at, 0, entry);
  }

  remove(entry: Entry): void {
    const { order } = entry;
    for (let at = this.#find(order); at < this.#slots.length; at++) {
      const slot = this.#slots[at]!;
      if (orderOf(slot) !== order) return;
      if (slot !== entry) continue;
      this.#slots[at] = order;
      this.#gaps++;
      break;
    }
    if (this.#gaps <= FEW_GAPS || this.#gaps * 2 <= this.#slots.length) return;
    this.#slots = this.#slots.filter((slot) => typeof slot !== "number");
    this.#gaps = 0;
  }

  /** From the first entry on, or after a place. */
  *oldest(after = Number.NEGATIVE_INFINITY): Iterable<Entry> {
    for (let at = this.#find(after); at < this.#slots.length; at++) {
      const slot = this.#slots[at]!;
      if (typeof slot !== "number" && slot.order > after) yield slot;
    }
  }

  /** From the last entry back, or before a place. */
  *newest(before = Number.POSITIVE_INFINITY): Iterable<Entry> {
    for (let at = this.#find(before) - 1; at >= 0; at--) {
      const slot = this.#slots[at]!;
      if (typeof slot !== "number") yield slot;
    }
  }

  /** Index of the first slot with this order or a later one. */
  #find(order: number): number {
    let low = 0;
    let high = this.#slots.length;
    // A new entry comes last.
    if (high > 0 && orderOf(this.#slots[high - 1]!) < order) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (orderOf(this.#slots[middle]!) < order) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const orderOf = (slot: Entry | number): number => (typeof slot === "number" ? slot : slot.order);
