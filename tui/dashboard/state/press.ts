/** What the keys do. An action arrives only where the table of keys says that it does something now. */
import type { Action } from "../keys.js";
import { logHeight } from "../screen/detail.js";
import { panesOf } from "../screen/layout.js";
import { followLog, type LogWindow, scrollLog, scrollToStart } from "./log-window.js";
import type { State } from "./model.js";
import { select } from "./select.js";

export function press(before: State, action: Action): State {
  const state = before.notice === null ? before : { ...before, notice: null };
  switch (action) {
    case "up":
      return onLog(state) ? scroll(state, -1) : move(state, -1);
    case "down":
      return onLog(state) ? scroll(state, 1) : move(state, 1);
    case "first":
      return onLog(state)
        ? withLog(state, scrollToStart(state.log, logHeight(state)))
        : move(state, -Infinity);
    case "last":
      return onLog(state) ? withLog(state, followLog(state.log)) : move(state, Infinity);
    case "page-up":
    case "page-down":
      return page(state, action === "page-up" ? -1 : 1);
    case "log-start":
      return withLog(state, scrollToStart(state.log, logHeight(state)));
    case "log-end":
      return withLog(state, followLog(state.log));
    case "enter":
    case "switch":
      return { ...state, pane: state.pane === "list" ? "detail" : "list" };
    case "back":
      return state.help ? { ...state, help: false } : { ...state, pane: "list" };
    case "cancel":
      return state.selected === null
        ? state
        : { ...state, confirming: { kind: "cancel", id: state.selected } };
    case "retry":
      return state.selected === null ? state : { ...state, request: { kind: "retry", id: state.selected } };
    case "yes":
      return { ...state, confirming: null, request: state.confirming ?? state.request };
    case "no":
      return { ...state, confirming: null };
    case "follow":
      return { ...state, followChain: !state.followChain };
    case "help":
      return { ...state, help: !state.help };
    case "quit":
      return { ...state, quit: state.quit ?? { code: 0, message: null } };
    case "interrupt":
      return { ...state, quit: state.quit ?? { code: 130, message: null } };
  }
}

const onLog = (state: State): boolean => state.pane === "detail";

function page(state: State, direction: 1 | -1): State {
  const { both, height } = panesOf(state);
  // Alone on the screen, the list is what pages; otherwise the log does, wherever the arrows go.
  if (!both && state.pane === "list") return move(state, direction * Math.max(1, height - 1));
  return scroll(state, direction * Math.max(1, logHeight(state) - 1));
}

function scroll(state: State, rows: number): State {
  return withLog(state, scrollLog(state.log, rows, logHeight(state)));
}

function withLog(state: State, log: LogWindow): State {
  return log === state.log ? state : { ...state, log };
}

function move(state: State, by: number): State {
  const count = state.order.length;
  if (count === 0) return state;
  const from = state.selected === null ? 0 : Math.max(0, state.order.indexOf(state.selected));
  return select(state, state.order[Math.max(0, Math.min(count - 1, from + by))] ?? null);
}
