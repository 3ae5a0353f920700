/** Help and the ways out. */
import type { Presses } from "./presses.js";

export const GENERAL_PRESSES = {
  help: (state) => ({ ...state, help: !state.help }),
  quit: (state) => ({ ...state, quit: state.quit ?? { code: 0, message: null } }),
  interrupt: (state) => ({ ...state, quit: state.quit ?? { code: 130, message: null } }),
} satisfies Presses;
