/** Moving among the rows that what is typed leaves over: the list of types, the palette. */
import type { Pressed } from "../keys/key.js";
import type { State } from "./model.js";

const STEPS: Record<string, number> = {
  upArrow: -1,
  downArrow: 1,
  pageUp: -8,
  pageDown: 8,
  "^p": -1,
  "^n": 1,
  tab: 1,
};

/** After a key that moves; null where it is none. */
export function chosenAfter(state: State, pressed: Pressed, count: number): State | null {
  const name = "special" in pressed ? pressed.special : pressed.ctrl ? `^${pressed.input}` : "";
  const step = STEPS[name];
  if (step === undefined) return null;
  const choice = Math.max(0, Math.min(count - 1, state.choice + step));
  return choice === state.choice ? state : { ...state, choice };
}
