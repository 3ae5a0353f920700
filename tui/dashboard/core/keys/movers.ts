/**
 * The movement keys, which are the same on each part of the screen, and how each kind of page
 * moves.
 */

import type { DashboardAction, Page, State } from "../model.js";
import { actionsIn, inDetail, onPage } from "./action-parts.js";

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
  const run = (move: (mover: Mover, state: State) => State) => (state: State) => {
    const mover = here(state);
    return mover === undefined ? state : move(mover, state);
  };
  const by = (rows: number) => run((mover, state) => mover.by(state, rows));
  const page = (direction: 1 | -1) => run((mover, state) => mover.page(state, direction));
  return actionsIn(
    (state) => here(state) !== undefined,
    [
      { name: "up", keys: ["upArrow", "k"], description: "up, down (and k j)", run: by(-1) },
      { name: "down", keys: ["downArrow", "j"], run: by(1) },
      {
        name: "page-up",
        keys: ["pageUp", "^u", "^b"],
        description: "a page up or down",
        run: page(-1),
      },
      { name: "page-down", keys: ["pageDown", "^d", "^f"], run: page(1) },
      {
        name: "first",
        keys: ["g", "home"],
        description: "first row, last row",
        run: run(
          (mover, state) => mover.first?.(state) ?? mover.by(state, Number.NEGATIVE_INFINITY),
        ),
      },
      {
        name: "last",
        keys: ["G", "end"],
        hint: followHint,
        rank: 2,
        run: run(
          (mover, state) => mover.last?.(state) ?? mover.by(state, Number.POSITIVE_INFINITY),
        ),
      },
    ],
  );
}

const followHint = (state: State): string | null =>
  inDetail(state) && !state.log.window.follow && state.log.openedAt === null ? "follow" : null;

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
  return {
    when: onPage(kind),
    by,
    page: (state, direction) => by(state, direction * ROWS_OF_PAGE),
  };
}
