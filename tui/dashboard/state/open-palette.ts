/** The line for the palette is opened; what it offers is `palette.ts`. */
import { EMPTY_LINE } from "./line-edit.js";
import type { State } from "./model.js";

export function openPalette(state: State): State {
  const entry = { kind: "palette", line: EMPTY_LINE } as const;
  return { ...state, entry, choice: 0, typesWanted: true };
}
