/** What stands where for a size of the terminal: which panes, how wide, how high. Pure arithmetic. */
import type { State } from "../state/model.js";

/** Below this there is one line of explanation. */
export const SMALLEST = { columns: 40, rows: 15 };

/** From this width on the list and the operation stand side by side. */
const SIDE_FROM = 76;
/** From this height on they stand one below the other where they cannot stand side by side. */
const STACKED_FROM = 30;

/** Header, rule and footer. */
export const FRAME_ROWS = 3;

export interface Panes {
  readonly tooSmall: boolean;
  /** `one`: the list or the operation, whichever has the keys. */
  readonly arrangement: "side" | "stacked" | "one";
  /** Whether the list and the operation are both on the screen. */
  readonly both: boolean;
  /** Width of the list where it is shown, without the line beside it. */
  readonly listWidth: number;
  readonly listHeight: number;
  readonly detailWidth: number;
  readonly detailHeight: number;
  /** Rows between the rule and the footer. */
  readonly height: number;
}

export function panesOf({ size }: Pick<State, "size">): Panes {
  const { columns, rows } = size;
  const height = Math.max(0, rows - FRAME_ROWS);
  const tooSmall = columns < SMALLEST.columns || rows < SMALLEST.rows;
  if (columns >= SIDE_FROM && !size.alone) {
    const listWidth = Math.max(28, Math.min(72, Math.round(columns * 0.37)));
    const detailWidth = columns - listWidth - 1;
    const heights = { listHeight: height, detailHeight: height, height };
    return { tooSmall, arrangement: "side", both: true, listWidth, detailWidth, ...heights };
  }
  const widths = { listWidth: columns, detailWidth: columns };
  if (rows < STACKED_FROM || size.alone)
    return {
      tooSmall,
      arrangement: "one",
      both: false,
      ...widths,
      listHeight: height,
      detailHeight: height,
      height,
    };
  // The line between them takes a row.
  const listHeight = Math.floor(height * 0.3);
  const heights = { listHeight, detailHeight: height - listHeight - 1, height };
  return { tooSmall, arrangement: "stacked", both: true, ...widths, ...heights };
}

/** The first row to show so that the selected one is on the screen and rows are not wasted. */
export function scrollTop(top: number, selected: number, count: number, height: number): number {
  const highest = Math.max(0, count - height);
  if (selected < 0) return Math.min(top, highest);
  return Math.min(highest, Math.max(Math.min(top, selected), selected - height + 1));
}
