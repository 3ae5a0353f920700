/** The mouse, where the config turns it on: the wheel scrolls, a click selects. Cells count from 0. */
import { logRoom } from "./detail-plan.js";
import { BORDER, listLayout, panesOf } from "./layout.js";
import { moveBy } from "./list-view.js";
import { scrollLog } from "./log-place.js";
import type { Pane, State } from "./model.js";
import { choose } from "./select.js";

const isFree = ({ page, entry, question }: State): boolean =>
  page === null && entry === null && question === null;

function paneAt(state: State, x: number, y: number): Pane {
  const panes = panesOf(state);
  if (panes.arrangement === "side") return x < panes.listWidth ? "list" : "detail";
  return panes.arrangement === "stacked" ? (y - 1 < panes.listHeight ? "list" : "detail") : state.pane;
}

export function clicked(state: State, x: number, y: number): State {
  if (!isFree(state)) return state;
  const pane = paneAt(state, x, y);
  const there = pane === state.pane ? state : { ...state, pane };
  if (pane === "detail") return there;
  const id = rowAt(state, y);
  return id === null ? there : choose(there, id);
}

/** The row of the list on a line of the screen; null: none. */
function rowAt(state: State, y: number): string | null {
  const { panels, sections } = listLayout(state);
  // The header, then the border of the first panel.
  let line = 2;
  const shown = panels ? [sections.running, sections.queued, sections.finished] : [sections.all];
  for (const section of shown) {
    if (section === undefined) continue;
    let at = line;
    for (const { id, height } of section.rows) {
      if (y >= at && y < at + height) return id;
      at += height;
    }
    line += section.height + BORDER;
  }
  return null;
}

export function scrolled(state: State, x: number, y: number, rows: number): State {
  if (!isFree(state)) return state;
  if (paneAt(state, x, y) === "list") return moveBy(state, Math.sign(rows));
  const { height, rowsOf } = logRoom(state);
  const log = scrollLog(state.log, rows, height, rowsOf);
  return log === state.log ? state : { ...state, log };
}
