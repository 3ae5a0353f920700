/** The keys of the list: filter, unfold, mark, and move. */

import { operationOf, selectedOperation } from "../../core/chain.js";
import { actionsIn, hasList, hasSelected, inDetail, inList } from "../../core/keys/action-parts.js";
import type { Mover } from "../../core/keys/movers.js";
import { idsOnScreen, listLayout } from "../../core/layout/layout.js";
import { type Listing, parseFilter, UNASKED } from "../../core/list/listing.js";
import { reordered, selectedRow } from "../../core/list/order.js";
import { patched, type State } from "../../core/model.js";
import { childrenOf } from "../../core/operation/inside.js";
import { choose, select } from "../../core/operation/select.js";
import { EMPTY_LINE, lineOf } from "../../text/line-edit.js";

/**
 * The selected operation stays selected where it still has a row; where nothing matches, nothing is
 * selected.
 */
function listed(state: State, change: Partial<Listing>): State {
  const next = reordered(patched(state, "list", change));
  return selectedRow(next) === -1 ? select(next, next.list.order[0] ?? null) : next;
}

export function filtered(state: State, text: string): State {
  return listed(state, { text, filter: parseFilter(text), paging: UNASKED });
}

/** Unfolds or folds the selected chain; on the queue, the queue. */
function turnFold(state: State): State {
  const operation = selectedOperation(state);
  if (operation === null) return state;
  if (!isChain(state)) return listed(state, { wholeQueue: !state.list.wholeQueue });
  const turned = new Set(state.list.turned);
  if (!turned.delete(operation.chain.id)) turned.add(operation.chain.id);
  const next = reordered(patched(state, "list", { turned }));
  if (next.list.order.includes(operation.id)) return next;
  return select(next, next.list.order[selectedRow(next)] ?? operation.id);
}

/** Whether the selected operation belongs to a chain that can be folded. */
function isChain(state: State): boolean {
  const chain = selectedOperation(state)?.chain.id;
  for (const fold of state.list.folds.values()) if (fold.chain === chain) return true;
  return false;
}

/** The queue has rows that are folded away, or would be. */
function mayFoldQueue(state: State): boolean {
  const { list, view } = state;
  if (selectedOperation(state)?.state === "queued") return true;
  if (list.text !== "") return false;
  const { queued, finished: all } = listLayout(state).sections;
  return list.wholeQueue ? view.counts.queued > 0 : (queued ?? all).hidden > 0;
}

/**
 * The next or previous link of its chain; else, inside of an operation, the one that began there
 * after or before.
 */
function linkOf(state: State, to: "previous" | "next"): string | null {
  const operation = selectedOperation(state);
  const link = operationOf(state, operation?.chain[to] ?? null);
  if (link !== null || operation?.parent === undefined) return link?.id ?? null;
  const all = childrenOf(state, operation.parent.id).map(({ id }) => id);
  return all[all.indexOf(operation.id) + (to === "next" ? 1 : -1)] ?? null;
}

/** The selection moved by rows. */
function moveBy(state: State, by: number): State {
  const ids = idsOnScreen(state);
  if (ids.length === 0) return state;
  const own = ids.indexOf(state.selected ?? "");
  const from = own === -1 ? ids.indexOf(state.list.order[selectedRow(state)] ?? "") : own;
  return choose(state, ids[Math.max(0, Math.min(ids.length - 1, Math.max(0, from) + by))] ?? null);
}

export const LIST_MOVER: Mover = {
  when: inList,
  by: moveBy,
  page: (state, direction) => {
    const { finished } = listLayout(state).sections;
    return moveBy(state, direction * Math.max(1, finished.height - 1));
  },
};

export const LIST_ACTIONS = [
  ...actionsIn(hasList, [
    {
      name: "find",
      keys: ["/"],
      aliases: ["filter", "search"],
      description: "filter the list, search log",
      hint: "find",
      rank: 5,
      run: (state) =>
        inDetail(state)
          ? { ...state, entry: { kind: "search", line: EMPTY_LINE } }
          : { ...state, pane: "list", entry: { kind: "filter", line: lineOf(state.list.text) } },
    },
    {
      name: "mark",
      keys: [" "],
      description: "mark rows for an action",
      when: (state) => inList(state) && selectedOperation(state) !== null,
      run: (state) => {
        const id = state.list.order[selectedRow(state)];
        if (id === undefined) return state;
        const marked = new Set(state.list.marked);
        if (!marked.delete(id)) marked.add(id);
        return moveBy(patched(state, "list", { marked }), 1);
      },
    },
    {
      name: "fold-all",
      keys: [],
      description: "unfold or fold all chains",
      disabledReason: (state) => (state.list.folds.size > 0 ? null : ""),
      run: (state) => listed(state, { turned: new Set(), unfold: !state.list.unfold }),
    },
  ]),
  ...actionsIn(hasSelected, [
    {
      name: "fold",
      keys: ["z"],
      description: "fold the chain or the queue",
      hint: foldHint,
      rank: 8,
      disabledReason: (state) => (isChain(state) || mayFoldQueue(state) ? null : ""),
      run: turnFold,
    },
    {
      name: "link-previous",
      keys: [],
      description: "the previous operation of the chain or stage",
      disabledReason: (state) => (linkOf(state, "previous") === null ? "" : null),
      run: (state) => choose(state, linkOf(state, "previous")),
    },
    {
      name: "link-next",
      keys: [],
      description: "the next operation of the chain or stage",
      disabledReason: (state) => (linkOf(state, "next") === null ? "" : null),
      run: (state) => choose(state, linkOf(state, "next")),
    },
  ]),
];

function foldHint(state: State): string {
  const operation = selectedOperation(state);
  if (!isChain(state)) return state.list.wholeQueue ? "fold queue" : "unfold queue";
  for (const fold of state.list.folds.values())
    if (fold.chain === operation?.chain.id && fold.part === "folded") return "unfold";
  return "fold";
}
