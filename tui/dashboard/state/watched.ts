/** Lines of the watch stream and fetched records, into the state. */
import type { Operation } from "../../../protocol/operation.js";
import { applyWatchLine, type WatchLine } from "../../../protocol/watch.js";
import type { State } from "./model.js";
import { listOrder, moves } from "./order.js";

export function applyLine(state: State, line: WatchLine): State {
  switch (line.type) {
    case "snapshot":
      return reordered({ ...state, view: applyWatchLine(state.view, line), connection: LIVE });
    case "resumed":
      return { ...state, view: applyWatchLine(state.view, line), connection: LIVE };
    case "changed":
    case "chained": {
      const id = line.type === "changed" ? line.id : line.to;
      const before = state.view.operations.get(id) ?? null;
      const next = { ...state, view: applyWatchLine(state.view, line) };
      return moves(before, next.view.operations.get(id) ?? null) ? reordered(next) : next;
    }
    case "removed": {
      const fetched = new Map(state.fetched);
      fetched.delete(line.id);
      return reordered({ ...state, view: applyWatchLine(state.view, line), fetched });
    }
    case "counts":
      return { ...state, view: applyWatchLine(state.view, line) };
    default:
      return state;
  }
}

/** Records that did not come by the watch stream; a live one in the watch is at least as new, by its `seq`. */
export function addFetched(state: State, operations: readonly Operation[]): State {
  const fresh = operations.filter((operation) => {
    const held = state.view.operations.get(operation.id) ?? state.fetched.get(operation.id);
    return held === undefined || held.seq < operation.seq;
  });
  if (fresh.length === 0) return state;
  const fetched = new Map(state.fetched);
  const watched = new Map(state.view.operations);
  for (const operation of fresh) (watched.has(operation.id) ? watched : fetched).set(operation.id, operation);
  return reordered({ ...state, fetched, view: { ...state.view, operations: watched } });
}

const LIVE = { state: "live" } as const;

function reordered(state: State): State {
  return { ...state, order: listOrder(state) };
}
