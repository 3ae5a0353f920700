/** The queue: ids of queued operations in the order in which they were queued. */

export class Queue {
  /** `[queuedAt, id]`, sorted; entries before `#head` are taken. */
  #items: Array<[number, string]> = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  add(id: string, queuedAt: number): void {
    const index = this.#find(queuedAt);
    if (this.#items[index]?.[0] === queuedAt && this.#items[index][1] === id) return;
    this.#items.splice(index, 0, [queuedAt, id]);
  }

  /** The next id, taken off. */
  take(): string | null {
    const item = this.#items[this.#head];
    if (!item) return null;
    this.#head++;
    if (this.#head > 1000 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item[1];
  }

  remove(id: string, queuedAt: number): void {
    for (let index = this.#find(queuedAt); this.#items[index]?.[0] === queuedAt; index++) {
      if (this.#items[index]?.[1] !== id) continue;
      this.#items.splice(index, 1);
      return;
    }
  }

  /** 1 is next; null where it is not queued. */
  position(id: string, queuedAt: number): number | null {
    for (let index = this.#find(queuedAt); this.#items[index]?.[0] === queuedAt; index++) {
      if (this.#items[index]?.[1] === id) return index - this.#head + 1;
    }
    return null;
  }

  /** The first so many ids. */
  first(limit: number): string[] {
    return this.#items.slice(this.#head, this.#head + limit).map(([, id]) => id);
  }

  /** Index of the first item queued at or after this. */
  #find(queuedAt: number): number {
    let low = this.#head;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#items[middle]![0] < queuedAt) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
