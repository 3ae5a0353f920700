/** The slots of each queue that operations use. A slot has several users where it is lent. */
/** A numbered place of a queue in which one operation works. */
export interface Slot {
  queue: string;
  /** From 1. */
  slot: number;
}

export class UsedSlots {
  readonly #used = new Map<string, Map<number, string[]>>();

  /** @param concurrency - number of slots of a queue; 0: nothing starts */
  constructor(private readonly concurrency: (queue: string) => number) {}

  add(id: string, { queue, slot }: Slot): void {
    const used = this.#used.get(queue) ?? new Map<number, string[]>();
    const users = used.get(slot);
    if (users) users.push(id);
    else used.set(slot, [id]);
    this.#used.set(queue, used);
  }

  /** The number of a slot whose users all lend it; null: there is none. */
  lent(queue: string, lenders: Pick<ReadonlySet<string>, "has">): number | null {
    for (const [slot, users] of this.#used.get(queue) ?? [])
      if (users.every((user) => lenders.has(user))) return slot;
    return null;
  }

  /** How many more slots may be used. */
  free(queue: string): number {
    return Math.max(0, this.concurrency(queue) - (this.#used.get(queue)?.size ?? 0));
  }

  hasFree(queue: string): boolean {
    return this.free(queue) > 0;
  }

  /** The lowest free number of the queue. */
  lowest(queue: string): number {
    const used = this.#used.get(queue);
    let slot = 1;
    while (used?.has(slot)) slot++;
    return slot;
  }
}
