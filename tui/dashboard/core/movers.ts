/** The movement keys, which are the same on each part of the screen, and how each kind of page moves. */

import { inGroup, inList, onPage } from "./action-parts.js";
import type { DashboardAction, Page, State } from "./model.js";

/** How one part of the screen moves. */
export interface Mover {
  /** Whether the part has the keys. */
  readonly when: (state: State) => boolean;
  /** By rows; infinitely many: to the first or the last. */
  readonly by: (state: State, rows: number) => State;
  readonly page: (state: State, direction: 1 | -1) => State;
  readonly first?: (state: State) => State;
  readonly last?: (state: State) => State;
}

/** The actions of all parts; the one that has the keys is moved. */
export function movementActions(movers: readonly Mover[]): readonly DashboardAction[] {
  const here = (state: State) => movers.find(({ when }) => when(state));
  const when = (state: State) => here(state) !== undefined;
  const run = (move: (mover: Mover, state: State) => State) => (state: State) => {
    const mover = here(state);
    return mover === undefined ? state : move(mover, state);
  };
  const onward = run(({ page }, state) => page(state, 1));
  const first = run((mover, state) => mover.first?.(state) ?? mover.by(state, Number.NEGATIVE_INFINITY));
  const last = run((mover, state) => mover.last?.(state) ?? mover.by(state, Number.POSITIVE_INFINITY));
  const by = (rows: number) => run((mover, state) => mover.by(state, rows));
  // A page may be longer than the screen.
  const scrolls = (state: State) =>
    state.page !== null && by(1)(state) !== state && !("at" in state.page) ? "scroll" : null;
  return inGroup("move", when, [
    {
      name: "up",
      keys: ["upArrow", "k"],
      helpKeys: "↑↓ k j",
      description: "select the row above or below",
      run: by(-1),
    },
    { name: "down", keys: ["downArrow", "j"], hint: scrolls, rank: 2, run: by(1) },
    {
      name: "page-up",
      keys: ["pageUp", "^u", "^b"],
      helpKeys: "pgup pgdn",
      description: "a page of the list or the log",
      run: run(({ page }, state) => page(state, -1)),
    },
    { name: "page-down", keys: ["pageDown", "^d", "^f"], run: onward },
    // In the list the space marks.
    { name: "page-on", keys: [" "], when: (state) => when(state) && !inList(state), run: onward },
    {
      name: "first",
      keys: ["g"],
      helpKeys: "g G",
      description: "the first row, the last row of all",
      run: first,
    },
    { name: "last", keys: ["G"], run: last },
    // Beside the list they go to the ends of the log.
    { name: "top", keys: ["home"], when: (state) => when(state) && state.page !== null, run: first },
    { name: "bottom", keys: ["end"], when: (state) => when(state) && state.page !== null, run: last },
  ]);
}

/** A row that exists: rows may go while the page is open. */
export const rowAt = (at: number, count: number): number => Math.max(0, Math.min(count - 1, at));

/** Rows that a page key passes on a page with a chosen row. */
const ROWS_OF_PAGE = 8;

/** Moves the chosen row of a page. */
export function rowMover(
  kind: Extract<Page, { at: number }>["kind"],
  countOf: (state: State) => number,
): Mover {
  const by = (state: State, rows: number): State => {
    const { page } = state;
    if (page?.kind !== kind) return state;
    const count = countOf(state);
    const at = rowAt(rowAt(page.at, count) + rows, count);
    return at === page.at ? state : { ...state, page: { ...page, at } };
  };
  return { when: onPage(kind), by, page: (state, direction) => by(state, direction * ROWS_OF_PAGE) };
}

export interface Extent {
  readonly rows: number;
  /** Rows on the screen. */
  readonly height: number;
}

/** Moves a page that scrolls. */
export function scrollMover(
  kind: Extract<Page, { top: number }>["kind"],
  extentOf: (state: State) => Extent,
): Mover {
  const by = (state: State, rows: number): State => {
    const { page } = state;
    if (page?.kind !== kind) return state;
    const extent = extentOf(state);
    const top = Math.max(0, Math.min(extent.rows - extent.height, page.top + rows));
    return top === page.top ? state : { ...state, page: { ...page, top } };
  };
  return {
    when: onPage(kind),
    by,
    page: (state, direction) => by(state, direction * Math.max(1, extentOf(state).height - 2)),
  };
}
