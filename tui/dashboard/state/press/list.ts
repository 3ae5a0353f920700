/** What the keys of the list do: narrow it, put it in order, fold and unfold chains, walk along a chain. */
import { lineOf } from "../line-edit.js";
import { type Listing, SORTS, UNASKED } from "../listing.js";
import { operationOf, type State, selectedOperation } from "../model.js";
import { selectedRow } from "../order.js";
import { select } from "../select.js";
import { reordered } from "../watched.js";
import type { Presses } from "./presses.js";

export const LIST_PRESSES = {
  filter: (state) => ({
    ...state,
    pane: "list",
    entry: { kind: "filter", line: lineOf(state.listing.text) },
  }),
  "filter-off": (state) => listed(state, { text: "", filter: { terms: [] }, paging: UNASKED }),
  sort: (state) => {
    const next = SORTS[(SORTS.indexOf(state.listing.sort) + 1) % SORTS.length]!;
    return listed(state, { sort: next, reverse: false });
  },
  "sort-reverse": (state) => listed(state, { reverse: !state.listing.reverse }),
  fold: turnChain,
  "fold-all": (state) => listed(state, { turned: new Set(), unfold: !state.listing.unfold }),
  "link-earlier": (state) => walk(state, "previous"),
  "link-later": (state) => walk(state, "next"),
} satisfies Presses;

/** The list looked at in another way; what is selected stays so where it still has a row. */
export function listed(state: State, change: Partial<Listing>): State {
  const next = reordered({ ...state, listing: { ...state.listing, ...change } });
  return selectedRow(next) === -1 && next.order.length > 0 ? select(next, next.order[0]!) : next;
}

function turnChain(state: State): State {
  const operation = selectedOperation(state);
  if (operation === null) return state;
  const turned = new Set(state.listing.turned);
  if (!turned.delete(operation.chain.id)) turned.add(operation.chain.id);
  const next = reordered({ ...state, listing: { ...state.listing, turned } });
  if (next.order.includes(operation.id)) return next;
  return select(next, next.order[selectedRow(next)] ?? operation.id);
}

function walk(state: State, to: "previous" | "next"): State {
  const id = selectedOperation(state)?.chain[to] ?? null;
  return operationOf(state, id) === null ? state : select(state, id);
}
