/** A numbered place of a queue in which one operation works. */
export interface Slot {
  queue: string;
  /** From 1. */
  slot: number;
}

/** What waits for what: `WaitEdges`. */
interface Edges {
  idle: ReadonlySet<string>;
  graph: { waiters(id: string): ReadonlySet<string> };
}

/** The slots of each queue that operations use. A slot has several users where it is lent. */
export class UsedSlots {
  readonly #used = new Map<string, Map<number, Set<string>>>();
  /** Users whose slots others may use, because they wait for the answer of a person. */
  readonly #idle: ReadonlySet<string>;

  /** @param concurrency - number of slots of a queue; 0: nothing starts */
  constructor(
    private readonly concurrency: (queue: string) => number,
    private readonly edges: Edges,
  ) {
    this.#idle = edges.idle;
  }

  add(id: string, { queue, slot }: Slot): void {
    const used = this.#used.get(queue) ?? new Map<number, Set<string>>();
    used.set(slot, (used.get(slot) ?? new Set()).add(id));
    this.#used.set(queue, used);
  }

  /** The number of a slot whose users all lend it; null: there is none. */
  lent(queue: string, lenders: Pick<ReadonlySet<string>, "has">): number | null {
    for (const [slot, users] of this.#used.get(queue) ?? [])
      if ([...users].every((user) => lenders.has(user) || this.#idle.has(user))) return slot;
    return null;
  }

  /**
   * How many more slots may be used. A slot counts once for each user that works in it when its own wait is over: what
   * started while a person was asked works beside the operation that waits for the answer.
   */
  free(queue: string): number {
    const used = [...(this.#used.get(queue)?.values() ?? [])];
    return Math.max(0, this.concurrency(queue) - used.flatMap((users) => this.#workersOf(users)).length);
  }

  hasFree(queue: string): boolean {
    return this.free(queue) > 0;
  }

  /** The lowest free number of the queue. The slot of an idle user is the last one to be used. */
  lowest(queue: string): number {
    const used = this.#used.get(queue);
    let slot = 1;
    while (used?.has(slot)) slot++;
    return slot > this.concurrency(queue) ? (this.lent(queue, this.#idle) ?? slot) : slot;
  }

  /** Users of a slot that work in it in the end: the others wait for them. */
  #workersOf(users: ReadonlySet<string>): string[] {
    const working = [...users].filter((user) => !this.#idle.has(user));
    if (working.length < 2) return working;
    const waiters = working.map((user) => this.edges.graph.waiters(user));
    return working.filter((user) => !waiters.some((each) => each.has(user)));
  }
}
