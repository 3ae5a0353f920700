/**
 * The keyboard: a line that is open gets what is typed and pasted; otherwise a key becomes the action that the table
 * of keys names for it, and what is pasted does nothing.
 */
import { type Key as InkKey, useInput, usePaste } from "ink";
import { type Pressed, SPECIAL } from "../keys/key.js";
import { actionFor, whyNothing } from "../keys.js";
import type { Store } from "../store.js";

export function useKeys(store: Store): void {
  useInput((input, key) => {
    for (const pressed of pressedKeys(input, key)) {
      const action = actionFor(store.state, pressed);
      if (action !== null) store.dispatch({ type: "pressed", action });
      else if (store.state.entry !== null) store.dispatch({ type: "typed", pressed });
      else {
        const text = whyNothing(store.state, pressed);
        if (text !== null) store.dispatch({ type: "nothing-done", text });
      }
    }
  });
  // A listener turns bracketed paste on: a pasted `cy` must not cancel anything.
  usePaste((text) => store.dispatch({ type: "pasted", text }));
}

/** Keys that were typed faster than they were read arrive as one string. */
function pressedKeys(input: string, key: InkKey): Pressed[] {
  if (key.tab && key.shift) return [{ special: "backtab" }];
  const special = SPECIAL.find((name) => name !== "backtab" && key[name]);
  if (special !== undefined) return [{ special }];
  if (key.meta) return [];
  return [...input].map((character) => pressedCharacter(character, key.ctrl));
}

/** A control character among others is the key that sends it. */
function pressedCharacter(character: string, ctrl: boolean): Pressed {
  if (character === "\r") return { special: "return" };
  if (character === "\t") return { special: "tab" };
  if (character === "\x7f" || character === "\b") return { special: "backspace" };
  const code = character.charCodeAt(0);
  if (code >= 1 && code <= 26) return { input: String.fromCharCode(code + 96), ctrl: true };
  return { input: character, ctrl };
}
