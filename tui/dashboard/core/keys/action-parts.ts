/** Shared parts of the actions: their conditions, and how they ask the daemon for something. */

import type { Operation } from "../../../../protocol/operation.js";
import { operationOf, selectedOperation } from "../chain.js";
import { panesOf } from "../layout/layout.js";
import {
  type DashboardAction,
  emit,
  isFree,
  isLive,
  type Page,
  type Question,
  type State,
} from "../model.js";
import { commandOf, type Request } from "../request.js";

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
/** The operation has the keys; those that move go to the log. */
export const inDetail: When = (state) => hasSelected(state) && state.pane === "detail";
/** There is a list: an operation, or a filter that matches none. */
export const hasList: When = (state) =>
  free(state) && (state.list.order.length > 0 || state.list.text !== "");
export const inList: When = (state) => hasList(state) && state.pane === "list";
/** The log is on the screen. */
export const seesLog: When = (state) =>
  hasSelected(state) && (state.pane === "detail" || panesOf(state).arrangement !== "one");

/** The marked operations, else the selected one. */
export function targets(state: State): Operation[] {
  const ids = state.list.marked.size > 0 ? [...state.list.marked] : [state.selected];
  return ids.map((id) => operationOf(state, id)).filter((operation) => operation !== null);
}

/** The daemon is needed and is not there. */
export const noDaemon = (state: State): string | null =>
  isLive(state) ? null : "the daemon does not respond";

/** @param others what other answers to the question ask for */
export function ask(state: State, request: Request, others?: Omit<Question, "request">): State {
  return { ...state, question: { request, ...others } };
}

export function send(state: State, request: Request): State {
  return emit({ ...state, question: null, request }, { type: "send", request });
}

/** Why the daemon cannot get a request now; null: it can. */
export const busy = (state: State): string | null =>
  state.request === null ? noDaemon(state) : "the daemon has not answered the last request yet";

type Part = Omit<DashboardAction, "when"> & Partial<DashboardAction>;

/** Actions with the condition that most of them share. */
export function actionsIn(when: When, actions: readonly Part[]): readonly DashboardAction[] {
  return actions.map((action) => ({ when, ...action }));
}

/**
 * The command, the reason and the effect of an action that asks the daemon for something.
 *
 * @param wanted the request, or why there is none
 * @param begin asks the person first, or sends at once
 */
export function requests(
  wanted: (state: State) => Request | string,
  begin: (state: State, request: Request) => State = ask,
): Pick<DashboardAction, "command" | "disabledReason" | "run"> {
  return {
    command(state) {
      const request = wanted(state);
      return typeof request === "string" ? null : commandOf(request, state.session.flags);
    },
    disabledReason(state) {
      const request = wanted(state);
      return typeof request === "string" ? request : busy(state);
    },
    run(state) {
      const request = wanted(state);
      return typeof request === "string" ? state : begin(state, request);
    },
  };
}
