/**
 * Which operation is looked at: chosen by key, handed on along a chain, replaced when it is removed.
 *
 * Whoever changes `selected` goes through `select`, so that the log always belongs to it.
 */
import { isFinal } from "../../../protocol/state.js";
import { openLog } from "./log-window.js";
import { operationOf, type State, selectedOperation } from "./model.js";

export function select(state: State, id: string | null): State {
  if (id === state.selected) return state;
  const operation = operationOf(state, id);
  return {
    ...state,
    selected: id,
    witnessed: operation !== null && !isFinal(operation.state),
    log: openLog(id, operation?.logLines ?? 0),
    logRun: 0,
    search: null,
    seek: null,
    stepWaits: null,
  };
}

/** After data came in: follows a hand-over, and sees to it that something is selected where there is something. */
export function settleSelection(before: State, after: State): State {
  if (after === before) return after;
  const handed = followHandover(before, after);
  if (handed !== after) return handed;
  const operation = selectedOperation(after);
  if (operation === null) return replaceSelected(before, after);
  const witnessed = after.witnessed || !isFinal(operation.state);
  const now = witnessed === after.witnessed ? after : { ...after, witnessed };
  return reopened(before, after) ? { ...now, logRun: after.logRun + 1 } : now;
}

/** The selected operation handed over while it was looked at: the view moves to its successor. */
function followHandover(before: State, after: State): State {
  // Whoever opens or looks back at one that was over already stays with it.
  if (!after.followChain || !after.witnessed) return after;
  const seen = selectedOperation(before);
  const known = operationOf(before, seen?.chain.next ?? null);
  if (known !== null) return after;
  let last = selectedOperation(after);
  // A quick link may have come and gone since the last drawing.
  for (let next = last; next !== null; next = operationOf(after, next.chain.next)) last = next;
  if (last === null || last.id === after.selected) return after;
  return {
    ...select(after, last.id),
    notice: { text: `handed over to ${last.title}`, level: "success" },
  };
}

function replaceSelected(before: State, after: State): State {
  if (after.wanted !== null) return after;
  const place = after.selected === null ? 0 : before.order.indexOf(after.selected);
  const id = after.order[Math.max(0, Math.min(place, after.order.length - 1))] ?? null;
  const selected = select(after, id);
  return id === null ? { ...selected, pane: "list" } : selected;
}

/** A finished operation that is queued again: its ended log stream has to be opened anew. */
function reopened(before: State, after: State): boolean {
  const was = selectedOperation(before);
  const is = selectedOperation(after);
  return was !== null && is !== null && was.id === is.id && isFinal(was.state) && !isFinal(is.state);
}
