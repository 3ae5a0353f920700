/** What fills the body when there is no operation to show: no daemon, nothing submitted, no room. */
import type { State } from "../state/model.js";
import { tame, wrap } from "./cells.js";
import { SMALLEST } from "./layout.js";
import { Line } from "./line.js";
import type { Paint } from "./paint.js";

export function noDaemon(state: State, width: number, paint: Paint): string[] {
  const text = (words: string) => wrap(words, width - 4, 4).map((row) => `  ${row}`);
  if (state.connection.state === "connecting" && state.connection.reason === null)
    return ["", ...text(`Connecting to ${tame(state.socket)}`)];
  return [
    "",
    ...text("No daemon answers on"),
    ...text(tame(state.socket)),
    "",
    command("liveopsd start", "start one", width, paint),
    command("liveops submit <op>", "then submit", width, paint),
    "",
    ...text("This screen connects by itself as soon as one answers."),
    ...(state.connection.state === "connecting" && state.connection.reason !== null
      ? ["", ...text(tame(state.connection.reason)).map((row) => paint(row, "dim"))]
      : []),
  ];
}

export function nothingYet(width: number, paint: Paint): string[] {
  return [
    "",
    new Line(width, paint).add("  No operation yet.").toString(),
    "",
    command("liveops ops", "what there is", width, paint),
    command("liveops submit <op>", "start one", width, paint),
  ];
}

export function tooSmall(state: State): string[] {
  const { columns, rows } = state.size;
  const text = `liveops-tui needs ${SMALLEST.columns}x${SMALLEST.rows}; this terminal is ${columns}x${rows}. q quits.`;
  return wrap(text, Math.max(1, columns), Math.max(1, rows));
}

function command(typed: string, why: string, width: number, paint: Paint): string {
  return new Line(width, paint).add("    ").add(typed.padEnd(21), "bold").addWhole(why, "dim").toString();
}
