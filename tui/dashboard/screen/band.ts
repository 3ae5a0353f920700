/** The rows that come up above the footer: the shell command of a question or a deed, the palette's choices. */
import { commandOf } from "../command/liveops.js";
import type { State } from "../state/model.js";
import { tame } from "./cells.js";
import { Line } from "./line.js";
import type { Paint } from "./paint.js";

/** @param most rows it may take */
export function band(state: State, width: number, most: number, paint: Paint): string[] {
  if (most < 1) return [];
  const command =
    state.confirming !== null ? commandOf(state.confirming, state.flags) : state.notice?.command;
  return command === undefined ? [] : [commandRow(command, width, paint)];
}

/** `$ liveops …`, as it is typed in a shell. */
export function commandRow(command: string, width: number, paint: Paint): string {
  return new Line(width, paint).add(" $ ", "dim").add(tame(command), "cyan").toString();
}
