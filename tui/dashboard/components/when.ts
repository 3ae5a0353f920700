/** Conditions that the actions share: what has the keys, and what is selected. */
import type { Operation } from "../../../protocol/operation.js";
import type { Group } from "../state/action.js";
import { panesOf } from "../state/layout.js";
import {
  type DashboardAction,
  operationOf,
  type Page,
  type State,
  selectedOperation,
} from "../state/model.js";

type When = (state: State) => boolean;

export const asking: When = (state) => state.question !== null;
/** Nothing stands over the panels, and no line is being typed. */
export const free: When = (state) => !asking(state) && state.page === null && state.entry === null;
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
export const noDaemon = (state: State): string | null =>
  isLive(state) ? null : "the daemon does not respond";

/** Actions of one group. */
export function inGroup(
  group: Group,
  actions: readonly (Omit<DashboardAction, "group"> & Partial<Pick<DashboardAction, "group">>)[],
): readonly DashboardAction[] {
  return actions.map((action) => ({ group, ...action }));
}
