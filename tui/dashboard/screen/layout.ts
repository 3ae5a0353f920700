/** What stands where for a size of the terminal: which panes, how wide, how high. Pure arithmetic. */
import type { State } from "../state/model.js";

/** Below this there is one line of explanation. */
export const SMALLEST = { columns: 40, rows: 15 };

/** From this width on the list and the operation stand side by side. */
const BOTH_FROM = 76;

/** Header, rule and footer. */
const FRAME_ROWS = 3;

export interface Panes {
  readonly tooSmall: boolean;
  readonly both: boolean;
  /** Width of the list where it is shown, without the line beside it. */
  readonly listWidth: number;
  readonly detailWidth: number;
  /** Rows between the rule and the footer. */
  readonly height: number;
}

export function panesOf({ size }: Pick<State, "size">): Panes {
  const { columns, rows } = size;
  const both = columns >= BOTH_FROM;
  const listWidth = both ? Math.max(28, Math.min(60, Math.round(columns * 0.37))) : columns;
  return {
    tooSmall: columns < SMALLEST.columns || rows < SMALLEST.rows,
    both,
    listWidth,
    detailWidth: both ? columns - listWidth - 1 : columns,
    height: Math.max(0, rows - FRAME_ROWS),
  };
}

/** The first row to show so that the selected one is on the screen and rows are not wasted. */
export function scrollTop(top: number, selected: number, count: number, height: number): number {
  const highest = Math.max(0, count - height);
  if (selected < 0) return Math.min(top, highest);
  return Math.min(highest, Math.max(Math.min(top, selected), selected - height + 1));
}
