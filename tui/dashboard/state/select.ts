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
    log: openLog(id, operation?.logLines ?? 0),
    logRun: 0,
    search: null,
    seek: null,
  };
}

/** After data came in: follows a hand-over, and sees to it that something is selected where there is something. */
export function settleSelection(before: State, after: State): State {
  if (after === before) return after;
  let handed = followHandover(before, after);
  if (handed !== after) {
    // A quick link may have come and gone since the last drawing.
    for (let next = followHandover(before, handed); next !== handed; next = followHandover(before, handed))
      handed = next;
    return handed;
  }
  if (selectedOperation(after) === null) return replaceSelected(before, after);
  return reopened(before, after) ? { ...after, logRun: after.logRun + 1 } : after;
}

/** The selected operation handed over while it was on the screen: the view moves to its successor. */
function followHandover(before: State, after: State): State {
  if (!after.followChain || after.selected === null) return after;
  const next = selectedOperation(after)?.chain.next ?? null;
  const successor = operationOf(after, next);
  if (next === null || successor === null) return after;
  const seen = selectedOperation(before);
  // Not one that was already there before this line: whoever looks back at a link stays with it.
  if (seen === null || (seen.chain.next === next && operationOf(before, next) !== null)) return after;
  return {
    ...select(after, next),
    notice: { text: `handed over to ${successor.title}`, level: "success" },
  };
}

function replaceSelected(before: State, after: State): State {
  if (after.wanted !== null) return after;
  const place = after.selected === null ? 0 : before.order.indexOf(after.selected);
  const id = after.order[Math.max(0, Math.min(place, after.order.length - 1))] ?? null;
  const selected = select(after, id);
  return id === null ? { ...selected, pane: "list" } : selected;
}

/** A settled operation that is queued again: its ended log stream has to be opened anew. */
function reopened(before: State, after: State): boolean {
  const was = selectedOperation(before);
  const is = selectedOperation(after);
  return was !== null && is !== null && was.id === is.id && isFinal(was.state) && !isFinal(is.state);
}
