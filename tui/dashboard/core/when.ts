/** Shared parts of the actions: conditions, groups, and the movement keys, the same on each part of the screen. */
import type { Operation } from "../../../protocol/operation.js";
import type { Group } from "./action.js";
import { panesOf } from "./layout.js";
import {
  type DashboardAction,
  isFree,
  operationOf,
  type Page,
  type State,
  selectedOperation,
} from "./model.js";
import { hasSeveral, hostOfOperation, isReachable } from "./reach.js";

type When = (state: State) => boolean;

/** No line is being typed, and nothing is asked. */
export const notTyping: When = (state) => !asking(state) && state.entry === null;
export const asking: When = (state) => state.question !== null;
/** Nothing stands over the panels, and no line is being typed. */
export const free: When = isFree;
export const onPage =
  (kind: Page["kind"]): When =>
  (state) =>
    !asking(state) && state.page?.kind === kind && state.entry === null;
export const hasSelected: When = (state) => free(state) && selectedOperation(state) !== null;
/** The keys that move go to the log. */
export const inDetail: When = (state) => hasSelected(state) && state.pane === "detail";
/** There is a list: an operation, or a filter that matches none. */
export const hasList: When = (state) => free(state) && (state.order.length > 0 || state.listing.text !== "");
export const inList: When = (state) => hasList(state) && state.pane === "list";
/** The log is on the screen. */
export const seesLog: When = (state) =>
  hasSelected(state) && (state.pane === "detail" || panesOf(state).both);
export const isLive: When = (state) => state.connection.state === "live";

/** The marked operations, else the selected one. */
export function targets(state: State): Operation[] {
  const ids = state.marked.size > 0 ? [...state.marked] : [state.selected];
  return ids.map((id) => operationOf(state, id)).filter((operation) => operation !== null);
}

/** The daemon is needed and is not there. */
export function noDaemon(state: State): string | null {
  if (isLive(state)) return null;
  return hasSeveral(state) ? "no host responds" : "the daemon does not respond";
}

/** The daemon that the keys name is needed; of several, one is enough. */
export function noHost(state: State, keys: readonly (string | null)[]): string | null {
  const reason = noDaemon(state);
  if (reason !== null || keys.length === 0 || keys.some((key) => isReachable(state, key))) return reason;
  return `${hostOfOperation(state, keys[0] ?? null)?.name ?? "the host"} does not respond`;
}

/** Actions of one group, with the condition that most of them share. */
export function inGroup(
  group: Group,
  when: When,
  actions: readonly (Omit<DashboardAction, "group" | "when"> & Partial<DashboardAction>)[],
): readonly DashboardAction[] {
  return actions.map((action) => ({ group, when, ...action }));
}

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
    state.page !== null && by(1)(state) !== state && !["retry", "queues", "hosts"].includes(state.page.kind)
      ? "scroll"
      : null;
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
