/** The keyboard: what is typed becomes the action that the table of keys names for it; what is pasted does nothing. */
import { type Key as InkKey, useInput, usePaste } from "ink";
import { actionFor, type Pressed } from "../keys.js";
import type { Store } from "../store.js";

const SPECIAL = [
  "upArrow",
  "downArrow",
  "leftArrow",
  "rightArrow",
  "pageUp",
  "pageDown",
  "home",
  "end",
  "return",
  "escape",
  "tab",
] as const;

export function useKeys(store: Store): void {
  useInput((input, key) => {
    for (const pressed of pressedKeys(input, key)) {
      const action = actionFor(store.state, pressed);
      if (action !== null) store.dispatch({ type: "pressed", action });
    }
  });
  // A listener turns bracketed paste on: a pasted `cy` must not cancel anything.
  usePaste(() => {});
}

/** Keys that were typed faster than they were read arrive as one string. */
function pressedKeys(input: string, key: InkKey): Pressed[] {
  const special = SPECIAL.find((name) => key[name]);
  if (special !== undefined) return [{ special }];
  if (key.meta) return [];
  return [...input].map((character) =>
    character === "\r" ? { special: "return" } : { input: character, ctrl: key.ctrl },
  );
}
