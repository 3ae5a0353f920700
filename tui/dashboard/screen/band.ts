/** The rows that come up above the footer: the shell command of a question or a deed, the palette's choices. */
import { commandOf } from "../command/liveops.js";
import type { State } from "../state/model.js";
import { commandRows } from "./command-rows.js";
import type { Paint } from "./paint.js";
import { palette } from "./palette.js";

/** @param most rows it may take */
export function band(state: State, width: number, most: number, paint: Paint): string[] {
  if (most < 1) return [];
  if (state.entry?.kind === "palette") return palette(state, state.entry.line.text, width, most, paint);
  const command =
    state.confirming !== null ? commandOf(state.confirming, state.flags) : state.notice?.command;
  return command === undefined ? [] : commandRows(command, width, Math.min(most, 3), paint);
}
