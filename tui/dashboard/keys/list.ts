/** Keys of the list. */
import { operationOf, selectedOperation } from "../state/model.js";
import type { Key } from "./key.js";
import { hasSelected, inList } from "./when.js";

export const LIST: readonly Key[] = [
  {
    action: "filter",
    on: ["/"],
    label: "/",
    does: "filter: op:backup state:failed",
    hint: () => "filter",
    rank: 5,
    when: inList,
  },
  {
    action: "filter-off",
    on: ["escape"],
    label: "esc",
    does: "the whole list again",
    hint: () => "all",
    rank: 2,
    when: (state) => inList(state) && state.listing.text !== "",
  },
  {
    action: "sort",
    on: ["o"],
    label: "o",
    helpLabel: "o O",
    does: "the order of the list; reversed",
    hint: () => "order",
    rank: 7,
    when: inList,
  },
  { action: "sort-reverse", on: ["O"], label: "O", when: inList },
  {
    action: "fold",
    on: ["z"],
    label: "z",
    helpLabel: "z Z",
    does: "unfold a chain, fold it; all",
    hint: (state) =>
      [...state.folds.values()].some(
        (fold) => fold.chain === selectedOperation(state)?.chain.id && fold.part === "folded",
      )
        ? "unfold"
        : "fold",
    rank: 5,
    when: (state) =>
      hasSelected(state) &&
      [...state.folds.values()].some(({ chain }) => chain === selectedOperation(state)?.chain.id),
  },
  { action: "fold-all", on: ["Z"], label: "Z", when: (state) => inList(state) && state.folds.size > 0 },
  {
    action: "link-earlier",
    on: ["<", ","],
    label: "<",
    helpLabel: "< >",
    does: "the chain's earlier link, later link",
    when: (state) =>
      hasSelected(state) && operationOf(state, selectedOperation(state)?.chain.previous ?? null) !== null,
  },
  {
    action: "link-later",
    on: [">", "."],
    label: ">",
    when: (state) =>
      hasSelected(state) && operationOf(state, selectedOperation(state)?.chain.next ?? null) !== null,
  },
];
