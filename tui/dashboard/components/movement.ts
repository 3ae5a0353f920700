/** The keys that move, the same on each part of the screen: a row, a page, to the first and to the last. */

import type { DashboardAction, State } from "../state/model.js";
import { inGroup, inList } from "./when.js";

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
  // What stands over the panels may be longer than the screen.
  const scrolls = (state: State) =>
    state.page !== null && by(1)(state) !== state && !["retry", "queues"].includes(state.page.kind)
      ? "scroll"
      : null;
  return inGroup("move", [
    {
      name: "up",
      keys: ["upArrow", "k"],
      helpKeys: "↑↓ k j",
      description: "select the row above or below",
      when,
      run: by(-1),
    },
    { name: "down", keys: ["downArrow", "j"], hint: scrolls, rank: 2, when, run: by(1) },
    {
      name: "page-up",
      keys: ["pageUp", "^u", "^b"],
      helpKeys: "pgup pgdn",
      description: "a page of the list or the log",
      when,
      run: run(({ page }, state) => page(state, -1)),
    },
    { name: "page-down", keys: ["pageDown", "^d", "^f"], when, run: onward },
    // In the list the space marks.
    { name: "page-on", keys: [" "], when: (state) => when(state) && !inList(state), run: onward },
    {
      name: "first",
      keys: ["g"],
      helpKeys: "g G",
      description: "the first row, the last row of all",
      when,
      run: first,
    },
    { name: "last", keys: ["G"], when, run: last },
    // Beside the list they go to the ends of the log.
    { name: "top", keys: ["home"], when: (state) => when(state) && state.page !== null, run: first },
    { name: "bottom", keys: ["end"], when: (state) => when(state) && state.page !== null, run: last },
  ]);
}
