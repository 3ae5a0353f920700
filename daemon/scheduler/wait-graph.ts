import type { UsedSlots } from "./used-slots.js";

/**
 * Which live operations wait for which, and whose slot an operation may use meanwhile. Pure.
 *
 * What waits for another operation does not work, so it lends its slot. An operation may start in a
 * slot if all that use the slot wait for it, directly or not: then at most one operation works in
 * each slot. Where operations of several queues hold the slots that the others need, all would wait
 * for ever. So an operation may also start in a slot if none of its users can go on before some
 * slot is lent.
 */
export class WaitGraph {
  /**
   * By id of what waits: for whose end, directly. An operation that waits for none is in it with an
   * empty list.
   */
  readonly #awaited = new Map<string, readonly string[]>();
  /** By id: what waits for its end directly. */
  readonly #waiters = new Map<string, string[]>();

  /**
   * @param roots - running operations that wait for others
   * @param awaitedBy - the live operations for whose end one waits, directly
   */
  constructor(roots: Iterable<string>, awaitedBy: (id: string) => readonly string[]) {
    const open = [...roots];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (this.#awaited.has(id)) continue;
      const awaited = awaitedBy(id);
      this.#awaited.set(id, awaited);
      for (const each of awaited) {
        const waiters = this.#waiters.get(each);
        if (waiters) waiters.push(id);
        else this.#waiters.set(each, [id]);
        open.push(each);
      }
    }
  }

  /** Operations for whose end something waits. */
  get awaited(): Iterable<string> {
    return this.#waiters.keys();
  }

  /** For whose end the operation waits, directly. */
  awaitedBy(id: string): readonly string[] {
    return this.#awaited.get(id) ?? [];
  }

  /** What waits for the end of this operation directly. */
  directWaiters(id: string): readonly string[] {
    return this.#waiters.get(id) ?? [];
  }

  /** All that wait for the end of this operation, directly or not. */
  waiters(id: string): Set<string> {
    const found = new Set<string>();
    const open = [id];
    for (let next = open.pop(); next !== undefined; next = open.pop())
      for (const waiter of this.directWaiters(next))
        if (!found.has(waiter)) {
          found.add(waiter);
          open.push(waiter);
        }
    return found;
  }

  /** Ids along which an operation waits for itself, with both ends; null: it does not. */
  circleOf(id: string): string[] | null {
    const seen = new Set<string>();
    const ways = [[id]];
    for (const way of ways)
      for (const each of this.awaitedBy(way.at(-1)!)) {
        if (each === id) return [...way, id];
        if (!seen.has(each)) ways.push([...way, each]);
        seen.add(each);
      }
    return null;
  }

  /**
   * Operations that cannot go on before a slot is lent: they wait for each other's slots.
   *
   * @param needs - names of the slots for which an operation waits; none: it runs, or something
   *   else holds it, which may end
   */
  stuck(needs: (id: string) => readonly string[], slots: UsedSlots): Set<string> {
    const stuck = new Set(this.#awaited.keys());
    const goesOn = (id: string) => {
      if (this.awaitedBy(id).some((each) => stuck.has(each))) return false;
      const waiters = this.waiters(id);
      const lenders = { has: (user: string) => waiters.has(user) || !stuck.has(user) };
      return needs(id).every((name) => slots.hasFree(name) || slots.lent(name, lenders) !== null);
    };
    for (let before = -1; before !== stuck.size; ) {
      before = stuck.size;
      for (const id of stuck) if (goesOn(id)) stuck.delete(id);
    }
    return stuck;
  }
}
