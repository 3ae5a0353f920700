/** What the keys do that select, open and scroll: on the list, or on the log where the operation has the keys. */
import { panesOf } from "../../screen/layout.js";
import type { State } from "../model.js";
import { selectedRow } from "../order.js";
import { select } from "../select.js";
import { LOG_PRESSES, pageRows, scrollRows } from "./log.js";
import type { Presses } from "./presses.js";

const onLog = (state: State): boolean => state.pane === "detail";
const over = (state: State): State => ({ ...state, pane: state.pane === "list" ? "detail" : "list" });

export const MOVING_PRESSES = {
  up: (state) => (onLog(state) ? scrollRows(state, -1) : move(state, -1)),
  down: (state) => (onLog(state) ? scrollRows(state, 1) : move(state, 1)),
  first: (state) => (onLog(state) ? LOG_PRESSES["log-start"](state) : move(state, -Infinity)),
  last: (state) => (onLog(state) ? LOG_PRESSES["log-end"](state) : move(state, Infinity)),
  "page-up": (state) => page(state, -1),
  "page-down": (state) => page(state, 1),
  enter: over,
  switch: over,
  back: (state) => ({ ...state, pane: "list" }),
} satisfies Presses;

function page(state: State, direction: 1 | -1): State {
  const { listHeight } = panesOf(state);
  if (!onLog(state)) return move(state, direction * Math.max(1, listHeight - 1));
  return pageRows(state, direction);
}

function move(state: State, by: number): State {
  const count = state.order.length;
  if (count === 0) return state;
  const from = Math.max(0, selectedRow(state));
  return select(state, state.order[Math.max(0, Math.min(count - 1, from + by))] ?? null);
}
