/**
 * Which operation is selected: by key, along a chain, or by itself. Until a person moves the
 * selection, it stays on the newest live operation.
 */

import type { Operation } from "../../../../protocol/operation.js";
import { isFinal } from "../../../../protocol/state.js";
import { isPaused, operationOf, selectedOperation } from "../chain.js";
import { linksOf, openChainLog, seekError } from "../log/chain-log.js";
import { followLog, jumpTo } from "../log/log-window.js";
import { isFree, patched, type State } from "../model.js";
import { waitOf } from "../queues/queue-view.js";

/** Every change of `selected` goes through here: the log always belongs to the selected chain. */
export function select(state: State, id: string | null): State {
  if (id === state.selected) return state;
  const before = selectedOperation(state);
  const operation = operationOf(state, id);
  const next = patched({ ...state, selected: id, question: null }, "selection", {
    witnessed: operation !== null && !isFinal(operation.state),
  });
  const still = { seek: null, openedAt: null, search: null };
  if (operation === null) return patched(openChainLog(next), "log", still);
  if (
    before !== null &&
    before.chain.id === operation.chain.id &&
    next.log.window.id === operation.chain.id
  )
    return seekError(toLink(patched(next, "log", { openedAt: null }), operation), operation);
  return seekError(patched(openChainLog(next), "log", { ...still, run: 0 }), operation);
}

/** By a person. */
export function choose(state: State, id: string | null): State {
  return patched(select(state, id), "selection", { movedAt: state.now });
}

/** In the log of the chain, to the first line of the operation; of the last one, to the end. */
function toLink(state: State, operation: Operation): State {
  const links = linksOf(state, operation);
  const link = links.find(({ id }) => id === operation.id);
  if (link === undefined || operation.chain.next === null || link.lines === 0)
    return patched(state, "log", { window: followLog(state.log.window) });
  return patched(state, "log", {
    window: jumpTo(state.log.window, link.offset + 1, { height: 1, rowsOf: () => 1 }),
  });
}

/** After data came in: follows a hand-over, and keeps something selected. */
export function settleSelection(before: State, after: State): State {
  if (after === before) return after;
  const handed = followHandover(before, after);
  if (handed !== after) return handed;
  const operation = selectedOperation(after);
  if (operation === null) return replaceSelected(before, after);
  const live = attention(before, after);
  if (live !== null) return { ...select(after, live), pane: after.pane };
  const witnessed = after.selection.witnessed || !isFinal(operation.state);
  const now =
    witnessed === after.selection.witnessed ? after : patched(after, "selection", { witnessed });
  return reopened(before, after) ? patched(now, "log", { run: after.log.run + 1 }) : now;
}

/**
 * The selected operation handed over while it was on the screen: the view moves to the next one.
 */
function followHandover(before: State, after: State): State {
  // A person who selects a finished operation stays with it.
  if (!after.selection.witnessed) return after;
  const seen = selectedOperation(before);
  const known = operationOf(before, seen?.chain.next ?? null);
  if (known !== null) return after;
  let last = selectedOperation(after);
  // A short link may have started and finished since the last drawing.
  for (let next = last; next !== null; next = operationOf(after, next.chain.next)) last = next;
  if (last === null || last.id === after.selected) return after;
  return {
    ...select(after, last.id),
    notice: { text: `→ ${last.title} started${onHost(last)}`, level: "success" },
  };
}

const onHost = ({ host }: Operation): string => (host === undefined ? "" : ` on ${host}`);

/** The newest live operation, where nobody chose another one; null: the selection stays. */
function attention(before: State, after: State): string | null {
  if (
    after.selection.movedAt !== null ||
    after.selection.wanted !== null ||
    after.pane !== "list" ||
    !isIdle(after)
  )
    return null;
  const selected = selectedOperation(after);
  if (selected !== null && before.selected === null) return null;
  const newest = newestLive(after);
  // A hand-over moves the view along its chain, or leaves it.
  if (newest === null || newest.chain.id === selected?.chain.id) return null;
  const isOver = selected === null || isFinal(selected.state);
  return isOver || needOf(newest) > needOf(selected) ? newest.id : null;
}

/**
 * How much a running operation needs a person: one that waits for input the most, a paused one the
 * least.
 */
function needOf(operation: Operation): number {
  if (operation.waitingForInput && !operation.cancelRequested) return 2;
  return isPaused(operation) ? 0 : 1;
}

/** The newest of those that need the most attention. */
function newestLive(state: State): Operation | null {
  let newest: Operation | null = null;
  for (const operation of state.view.operations.values()) {
    if (operation.state !== "running" || (operation.parent !== undefined && needOf(operation) < 2))
      continue;
    const more = newest === null ? 1 : needOf(operation) - needOf(newest);
    if (more > 0 || (more === 0 && operation.createdAt > newest!.createdAt)) newest = operation;
  }
  return newest;
}

const isIdle = (state: State): boolean => isFree(state) && state.list.text === "";

function replaceSelected(before: State, after: State): State {
  if (after.selection.wanted !== null) return after;
  const place =
    after.selected === null ? firstPlace(after) : before.list.order.indexOf(after.selected);
  const id = after.list.order[Math.max(0, Math.min(place, after.list.order.length - 1))] ?? null;
  const selected = select(after, id);
  return id === null ? { ...selected, pane: "list" } : selected;
}

/**
 * What needs a person most; while nothing runs, what finished last, and not what waits for its
 * time.
 */
function firstPlace(state: State): number {
  const live = newestLive(state);
  if (live !== null)
    return state.list.order.findIndex((id) => operationOf(state, id)?.chain.id === live.chain.id);
  const first = operationOf(state, state.list.order[0] ?? null);
  if (first === null || first.state !== "queued" || waitOf(state, first) === null) return 0;
  return state.list.order.findIndex((id) => isFinal(operationOf(state, id)?.state ?? "queued"));
}

/** A finished operation that is queued again: its ended log stream has to be opened again. */
function reopened(before: State, after: State): boolean {
  const was = selectedOperation(before);
  const is = selectedOperation(after);
  return (
    was !== null && is !== null && was.id === is.id && isFinal(was.state) && !isFinal(is.state)
  );
}
