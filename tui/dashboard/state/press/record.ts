/** What the keys of an operation's page do. */
import { panesOf } from "../../screen/layout.js";
import { recordHeight } from "../../screen/record.js";
import type { State } from "../model.js";
import type { Presses } from "./presses.js";

export const RECORD_PRESSES = {
  record: (state) =>
    state.selected === null
      ? state
      : { ...state, page: { kind: "record", id: state.selected, top: 0, attempts: null } },
  "record-up": (state) => scrolled(state, -1),
  "record-down": (state) => scrolled(state, 1),
  "record-page-up": (state) => scrolled(state, -(panesOf(state).height - 2)),
  "record-page-down": (state) => scrolled(state, panesOf(state).height - 2),
  "record-top": (state) => scrolled(state, -Infinity),
  "record-end": (state) => scrolled(state, Infinity),
} satisfies Presses;

function scrolled(state: State, rows: number): State {
  if (state.page?.kind !== "record") return state;
  const lowest = Math.max(0, recordHeight(state, state.page, state.size.columns) - panesOf(state).height);
  const top = Math.max(0, Math.min(lowest, state.page.top + rows));
  return top === state.page.top ? state : { ...state, page: { ...state.page, top } };
}
