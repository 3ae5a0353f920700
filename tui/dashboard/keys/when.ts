/** When keys do something: the conditions that the entries of the table share. */
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { panesOf } from "../screen/layout.js";
import { type State, selectedOperation } from "../state/model.js";
import type { Page } from "../state/page.js";

type When = (state: State) => boolean;

export const confirming: When = (state) => state.confirming !== null;
/** Nothing stands over the panes, and no line is being typed. */
export const free: When = (state) => !confirming(state) && state.page === null && state.entry === null;
/** The page is open, and no line on it is being typed. */
export const onPage =
  (kind: Page["kind"]): When =>
  (state) =>
    !confirming(state) && state.page?.kind === kind && state.entry === null;
export const hasSelected: When = (state) => free(state) && selectedOperation(state) !== null;
/** The keys that move go to the log. */
export const inDetail: When = (state) => hasSelected(state) && state.pane === "detail";
export const inList: When = (state) => free(state) && state.pane === "list";
/** The log is on the screen. */
export const seesLog: When = (state) =>
  hasSelected(state) && (state.pane === "detail" || panesOf(state).both);

export const mayCancel: When = (state) => {
  const operation = hasSelected(state) ? selectedOperation(state) : null;
  return operation !== null && !isFinal(operation.state) && !operation.cancelRequested;
};

/** Why keys that ask the daemon for something do nothing to what is selected. */
const selectedBut =
  (why: (operation: Operation) => string) =>
  (state: State): string | null => {
    const operation = hasSelected(state) ? selectedOperation(state) : null;
    return operation === null ? null : why(operation);
  };
export const noCancel = selectedBut(({ state }) =>
  isFinal(state) ? "nothing to cancel: it is over" : "it was asked to stop already",
);
export const noRetry = selectedBut(({ state }) =>
  state === "succeeded"
    ? "it has succeeded: a submits it again"
    : "only a failed or cancelled operation is retried",
);
export const noAgain = selectedBut(
  ({ state }) => `it is ${state}: only a finished operation is submitted again`,
);
export const noRemoval = selectedBut(() => "a running operation is not removed: c cancels it");

export const isOver: When = (state) => {
  const operation = hasSelected(state) ? selectedOperation(state) : null;
  return operation !== null && isFinal(operation.state);
};

export const mayRetry: When = (state) => {
  const operation = hasSelected(state) ? selectedOperation(state) : null;
  return operation !== null && (operation.state === "failed" || operation.state === "cancelled");
};

export const mayRemove: When = (state) => {
  const operation = hasSelected(state) ? selectedOperation(state) : null;
  return operation !== null && operation.state !== "running";
};
