/** The queue: ids of queued operations, oldest first. */

export class Queue {
  /** Parallel to `#times`, which is sorted; entries before `#head` are taken. A pair for each would take 80 bytes. */
  #ids: string[] = [];
  #times: number[] = [];
  #head = 0;

  get length(): number {
    return this.#ids.length - this.#head;
  }

  add(id: string, queuedAt: number): void {
    const index = this.#find(queuedAt);
    if (this.#times[index] === queuedAt && this.#ids[index] === id) return;
    this.#ids.splice(index, 0, id);
    this.#times.splice(index, 0, queuedAt);
  }

  /** Adds many ids in one pass over the queue. */
  addAll(items: ReadonlyArray<readonly [id: string, queuedAt: number]>): void {
    const there = this.#ids
      .slice(this.#head)
      .map((id, index) => [id, this.#times[this.#head + index]!] as const);
    const known = new Set(this.#ids.slice(this.#head));
    const all = [...there, ...items.filter(([id]) => !known.has(id))].sort(([, a], [, b]) => a - b);
    this.#replace(all);
  }

  /** Removes and returns all ids that fit, with their `queuedAt`. */
  takeWhere(fits: (id: string) => boolean): Array<[id: string, queuedAt: number]> {
    const taken: Array<[string, number]> = [];
    const kept: Array<[string, number]> = [];
    for (let index = this.#head; index < this.#ids.length; index++) {
      const id = this.#ids[index]!;
      (fits(id) ? taken : kept).push([id, this.#times[index]!]);
    }
    if (taken.length > 0) this.#replace(kept);
    return taken;
  }

  /** Removes and returns the next id. */
  take(): string | null {
    const id = this.#ids[this.#head];
    if (id === undefined) return null;
    this.#head++;
    if (this.#head > 1000 && this.#head * 2 > this.#ids.length) {
      this.#ids = this.#ids.slice(this.#head);
      this.#times = this.#times.slice(this.#head);
      this.#head = 0;
    }
    return id;
  }

  remove(id: string, queuedAt: number): void {
    const index = this.#indexOf(id, queuedAt);
    if (index === null) return;
    this.#ids.splice(index, 1);
    this.#times.splice(index, 1);
  }

  /** Position from 1 (next); null where the id is not queued. */
  position(id: string, queuedAt: number): number | null {
    const index = this.#indexOf(id, queuedAt);
    return index === null ? null : index - this.#head + 1;
  }

  /** The first ids, at most `limit`. */
  first(limit: number): string[] {
    return this.#ids.slice(this.#head, this.#head + limit);
  }

  #replace(items: ReadonlyArray<readonly [string, number]>): void {
    this.#ids = items.map(([id]) => id);
    this.#times = items.map(([, queuedAt]) => queuedAt);
    this.#head = 0;
  }

  #indexOf(id: string, queuedAt: number): number | null {
    for (let index = this.#find(queuedAt); this.#times[index] === queuedAt; index++)
      if (this.#ids[index] === id) return index;
    return null;
  }

  /** Index of the first item with this `queuedAt` or a later one. */
  #find(queuedAt: number): number {
    let low = this.#head;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#times[middle]! < queuedAt) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
