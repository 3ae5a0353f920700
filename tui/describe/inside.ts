/** What runs inside of an operation. */
import type { Operation } from "../../protocol/operation.js";
import { isFinal } from "../../protocol/state.js";

/** The operations inside of each one, by its id, in the order of their begin. */
export type Inside = ReadonlyMap<string, readonly Operation[]>;

export function insideOf(operations: Iterable<Operation>): Inside {
  const all = [...operations].filter(({ parent }) => parent !== undefined);
  all.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  return Map.groupBy(all, ({ parent }) => parent!.id);
}

/**
 * ` › Compile`, or ` › Compile +1` of two: what runs inside of the operation, down to the
 * innermost.
 */
export function insideText({ id }: Operation, inside: Inside): string {
  const [first, ...more] = (inside.get(id) ?? []).filter(({ state }) => !isFinal(state));
  if (first === undefined) return "";
  const place = first.untrackedStage ?? first.stages[first.currentStage] ?? first.title;
  return ` › ${place}${insideText(first, inside)}${more.length === 0 ? "" : ` +${more.length}`}`;
}
