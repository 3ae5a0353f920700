/** Help and the ways out. */
import { helpHeight } from "../../screen/help.js";
import { panesOf } from "../../screen/layout.js";
import type { State } from "../model.js";
import { openPalette } from "../open-palette.js";
import type { Presses } from "./presses.js";

export const GENERAL_PRESSES = {
  help: (state) => ({ ...state, page: state.page?.kind === "help" ? null : { kind: "help", top: 0 } }),
  close: (state) => ({ ...state, page: null }),
  "help-up": (state) => scrollHelp(state, -1),
  "help-down": (state) => scrollHelp(state, 1),
  palette: (state) => openPalette(state),
  suspend: (state) => ({ ...state, suspends: state.suspends + 1 }),
  quit: (state) => ({ ...state, quit: state.quit ?? { code: 0, message: null } }),
  interrupt: (state) => ({ ...state, quit: state.quit ?? { code: 130, message: null } }),
} satisfies Presses;

function scrollHelp(state: State, direction: 1 | -1): State {
  if (state.page?.kind !== "help") return state;
  const { height } = panesOf(state);
  const lowest = Math.max(0, helpHeight(state.size.columns) - height);
  const top = Math.max(0, Math.min(lowest, state.page.top + direction * Math.max(1, height - 2)));
  return top === state.page.top ? state : { ...state, page: { ...state.page, top } };
}
