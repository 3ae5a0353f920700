/** What an entry of the table of keys is. */
import type { State } from "../state/model.js";
import type { Action } from "../state/press.js";

/** The part of a key event that is looked at: Ink's, by name. */
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

export interface Key {
  action: Action;
  /** What is typed: characters, `^c` with control, or Ink's names of the other keys. */
  on: string[];
  /** As the footer and, with `does`, the help call it; the help may name a pair of keys in one entry. */
  label: string;
  helpLabel?: string;
  /** For the help; absent: told with the entry before. */
  does?: string;
  /** For the footer; absent: only in the help. */
  hint?: (state: State) => string;
  /** Lower stays longer on a narrow footer. */
  rank?: number;
  when: (state: State) => boolean;
  /** Where it does nothing though somebody may expect it to: why, for the foot; null where nobody does. */
  otherwise?: (state: State) => string | null;
}
