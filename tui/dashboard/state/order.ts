/**
 * The order of the list: running, then queued by their place in the queue, then the rest, each newest first.
 *
 * Sorted anew only when something it depends on changed; patches of progress leave the array as it is.
 */
import type { Operation } from "../../../protocol/operation.js";
import type { State } from "./model.js";

const RANK: Record<string, number> = { running: 0, queued: 1 };
const rank = (operation: Operation) => RANK[operation.state] ?? 2;

export function compare(a: Operation, b: Operation): number {
  const ranks = rank(a) - rank(b);
  if (ranks !== 0) return ranks;
  if (a.state === "queued" && a.queuePosition !== null && b.queuePosition !== null)
    return a.queuePosition - b.queuePosition;
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1;
  return b.chain.index - a.chain.index || (a.id < b.id ? -1 : 1);
}

/** Whether the operation's row may have to move. */
export function moves(before: Operation | null, after: Operation | null): boolean {
  return (
    before?.state !== after?.state ||
    before?.queuePosition !== after?.queuePosition ||
    before?.createdAt !== after?.createdAt
  );
}

export function listOrder(state: Pick<State, "view" | "fetched">): string[] {
  const all = [...state.view.operations.values()];
  for (const [id, operation] of state.fetched) if (!state.view.operations.has(id)) all.push(operation);
  return all.sort(compare).map((operation) => operation.id);
}
