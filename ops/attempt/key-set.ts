/**
 * A set of 64-bit hashes with two marks each, in typed arrays: 9 bytes a slot, so some 20 bytes an item. A `Map` of the
 * same keys takes five times as much.
 */

/** An earlier attempt finished the item. */
export const FINISHED = 1;
/** This attempt has met the item. */
export const SEEN = 2;

const FIRST_SLOTS = 1024;
/** Part of the slots that may be taken. */
const MOST_FULL = 0.7;

export class KeySet {
  #hashes = new Uint32Array(2 * FIRST_SLOTS);
  #marks = new Uint8Array(FIRST_SLOTS);
  #size = 0;

  /** @param most - most hashes; later ones are not added */
  constructor(private readonly most: number) {}

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= this.most;
  }

  /** Bytes of its arrays. */
  get bytes(): number {
    return this.#hashes.byteLength + this.#marks.byteLength;
  }

  /** Marks the hash, added if there is room. Returns its marks before: 0 if it was not in the set. */
  mark(high: number, low: number, mark: number): number {
    const slot = this.#slotOf(high, low);
    const before = this.#marks[slot]!;
    if (before === 0) {
      if (this.isFull) return 0;
      this.#hashes[2 * slot] = high;
      this.#hashes[2 * slot + 1] = low;
      this.#size++;
    }
    this.#marks[slot] = before | mark;
    if (this.#size > this.#marks.length * MOST_FULL) this.#grow();
    return before;
  }

  /** The slot of the hash, or the empty one that it would take. */
  #slotOf(high: number, low: number): number {
    const last = this.#marks.length - 1;
    let slot = low & last;
    while (this.#marks[slot] !== 0) {
      if (this.#hashes[2 * slot] === high && this.#hashes[2 * slot + 1] === low) break;
      slot = (slot + 1) & last;
    }
    return slot;
  }

  #grow(): void {
    const [hashes, marks] = [this.#hashes, this.#marks];
    this.#marks = new Uint8Array(2 * marks.length);
    this.#hashes = new Uint32Array(2 * hashes.length);
    for (let from = 0; from < marks.length; from++) {
      if (marks[from] === 0) continue;
      const [high, low] = [hashes[2 * from]!, hashes[2 * from + 1]!];
      const slot = this.#slotOf(high, low);
      this.#marks[slot] = marks[from]!;
      this.#hashes[2 * slot] = high;
      this.#hashes[2 * slot + 1] = low;
    }
  }
}
