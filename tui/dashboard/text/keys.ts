/** The keys of the keyboard: as they are pressed, by name, and as the screen writes them. */

/** The part of a key event that counts: a character, or a special key by Ink's name. */
export type Pressed = { input: string; ctrl?: boolean } | { special: Special };

export const SPECIAL = [
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
  "backtab",
  "backspace",
  "delete",
] as const;
export type Special = (typeof SPECIAL)[number];

export function nameOfKey(pressed: Pressed): string {
  if ("special" in pressed) return pressed.special;
  return pressed.ctrl ? `^${pressed.input}` : pressed.input;
}

const SIGNS: Record<string, string> = {
  upArrow: "↑",
  downArrow: "↓",
  leftArrow: "←",
  rightArrow: "→",
  pageUp: "pgup",
  pageDown: "pgdn",
  return: "⏎",
  escape: "esc",
  backtab: "shift-tab",
  " ": "space",
};

/** As the screen writes a key. */
export function keyLabel(key: string): string {
  return SIGNS[key] ?? key.replace(/^\^/, "ctrl-");
}
