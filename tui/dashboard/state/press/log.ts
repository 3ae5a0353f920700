/** What the keys of the log do. */
import { logHeight } from "../../screen/detail.js";
import { followLog, type LogWindow, scrollLog, scrollToStart } from "../log-window.js";
import type { State } from "../model.js";
import type { Presses } from "./presses.js";

export const LOG_PRESSES = {
  "log-start": (state) => withLog(state, scrollToStart(state.log, logHeight(state))),
  "log-end": (state) => withLog(state, followLog(state.log)),
} satisfies Presses;

export function scrollRows(state: State, rows: number): State {
  return withLog(state, scrollLog(state.log, rows, logHeight(state)));
}

function withLog(state: State, log: LogWindow): State {
  return log === state.log ? state : { ...state, log };
}
