/** The facts of the operation are unfolded in its panel, and scroll there. */
import { hasSelected, inPanel } from "../../core/action-parts.js";
import { BORDER, panesOf } from "../../core/layout.js";
import { patched, type State } from "../../core/model.js";
import type { Mover } from "../../core/movers.js";
import { detailPlan, foldTop } from "./detail-plan.js";

export const isUnfolded = (state: State): boolean => hasSelected(state) && state.operation.fold !== null;

/** The facts unfolded, or folded again. */
export function unfolded(state: State): State {
  const isFolded = state.operation.fold === null;
  const fold = isFolded ? { id: state.selected, top: 0 } : null;
  const isSeen = panesOf(state).arrangement !== "one" || !isFolded;
  return patched({ ...state, pane: isSeen ? state.pane : "detail" }, "operation", { fold });
}

function scrolled(state: State, rows: number): State {
  const { below } = detailPlan(state);
  const top = Math.max(0, foldTop(state) + Math.min(below, rows));
  return patched(state, "operation", { fold: { id: state.selected, top } });
}

export const FOLD_MOVER: Mover = {
  when: (state) => inPanel(state) && state.operation.fold !== null,
  by: scrolled,
  page: (state, direction) => scrolled(state, direction * Math.max(1, panesOf(state).height - BORDER - 2)),
};
