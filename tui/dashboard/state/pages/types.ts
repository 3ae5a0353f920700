/** The first page of a submit: the operation types, narrowed down as one types. */
import type { OperationType, TypesReply } from "../../../../protocol/replies.js";
import { chosenAfter } from "../choosing.js";
import type { EntryHandlers } from "../entry.js";
import { EMPTY_LINE } from "../line-edit.js";
import type { State } from "../model.js";
import { nearOnes } from "../near.js";
import { formPage } from "./form.js";

export interface TypesPage {
  readonly kind: "types";
  /** Enter came before the types did: the form opens when they are here. */
  readonly entered?: boolean;
}

export function openTypes(state: State): State {
  const entry = { kind: "types", line: EMPTY_LINE } as const;
  return { ...state, page: PAGE, entry, choice: 0, typesWanted: true };
}

/** The daemon's answer; what was entered before it acts now. */
export function typesCame(before: State, types: TypesReply): State {
  const state = { ...before, types, typesWanted: false };
  const { page, entry } = state;
  if (page?.kind !== "types" || !page.entered || entry?.kind !== "types") return state;
  return TYPES_ENTRY.accepted({ ...state, page: PAGE, entry: null }, entry.line.text);
}

const PAGE: TypesPage = { kind: "types" };

/** Those that what is typed leaves over. */
export function shownTypes(state: State): OperationType[] {
  const typed = state.entry?.kind === "types" ? state.entry.line.text : "";
  return nearOnes(typed, state.types?.ops ?? [], ({ op, title }) => [op, title]);
}

export const TYPES_ENTRY: EntryHandlers = {
  prompt: "type: ",
  keys: [
    ["⏎", "fill in"],
    ["↑↓", "choose"],
    ["esc", "back"],
  ],
  changed: (state) => ({ ...state, choice: 0, page: PAGE }),
  accepted: (state, text) => {
    // The line is closed already: what it left over is asked with it open.
    const entry = { kind: "types", line: { text, at: text.length } } as const;
    if (state.types === null)
      return { ...state, entry, page: { kind: "types", entered: true }, typesWanted: true };
    const type = shownTypes({ ...state, entry })[state.choice];
    return type === undefined ? { ...state, entry } : formPage(state, type);
  },
  dropped: (state) => ({ ...state, page: null }),
  pressed: (state, pressed) => chosenAfter(state, pressed, shownTypes(state).length) ?? state,
};
