/** What fills the body when there is no operation to show: no daemon, nothing submitted, no room. */
import { liveops, startDaemon, submitAny } from "../command/liveops.js";
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
    ...command(startDaemon(state.flags), "start one", width, paint),
    ...command(submitAny(state.flags), "then submit", width, paint),
    "",
    ...text("This screen connects by itself as soon as one answers."),
    ...(state.connection.state === "connecting" && state.connection.reason !== null
      ? ["", ...text(tame(state.connection.reason)).map((row) => paint(row, "dim"))]
      : []),
  ];
}

export function nothingYet({ flags }: State, width: number, paint: Paint): string[] {
  return [
    "",
    new Line(width, paint).add("  No operation yet.").toString(),
    "",
    ...command("s", "start one here", width, paint),
    ...command(liveops(["ops"], flags), "what there is", width, paint),
    ...command(submitAny(flags), "start one", width, paint),
  ];
}

export function tooSmall(state: State): string[] {
  const { columns, rows } = state.size;
  const text = `liveops-tui needs ${SMALLEST.columns}x${SMALLEST.rows}; this terminal is ${columns}x${rows}. q quits.`;
  return wrap(text, Math.max(1, columns), Math.max(1, rows));
}

/** What is typed, whole however long it is, and what for where there is room for that. */
function command(typed: string, why: string, width: number, paint: Paint): string[] {
  const rows = wrap(tame(typed), width - 6, 4);
  return rows.map((text, i) => {
    const line = new Line(width, paint).add(i === 0 ? "    " : "      ").add(text.padEnd(19), "bold");
    return (i === rows.length - 1 ? line.addWhole(`  ${why}`, "dim") : line).toString();
  });
}
