/** The first row: how many operations are in each state, and how things stand with the daemon. */
import { STATES } from "../../../protocol/state.js";
import { formatDuration } from "../../terminal/format.js";
import { stateColour, stateGlyph } from "../../terminal/glyphs.js";
import type { State } from "../state/model.js";
import { UNDER_WAY } from "../state/request.js";
import { widthOf } from "./cells.js";
import { Line } from "./line.js";
import type { Paint } from "./paint.js";

export interface Header {
  /** Before the spinner, and the only part where nothing is awaited. */
  readonly text: string;
  /** Whether a spinner turns behind the text. */
  readonly busy: boolean;
}

/** Columns of the spinner, with the space before it. */
const SPINNER = 4;

export function header(state: State, paint: Paint): Header {
  const { columns } = state.size;
  if (state.connection.state === "live") {
    const busy = state.request !== null;
    const line = counts(state, new Line(busy ? columns - SPINNER : columns, paint));
    if (busy) line.right(UNDER_WAY[state.request!.kind], "yellow");
    else line.right(state.size.columns >= 90 ? "live" : "", "dim");
    return { text: line.toString(), busy };
  }
  const line = new Line(columns - SPINNER, paint).add(" liveops ", "bold");
  if (state.connection.state === "connecting") {
    line.add(state.connection.reason === null ? "connecting" : "no daemon, trying again", "yellow");
    return { text: line.toString(), busy: true };
  }
  const age = formatDuration(Math.max(0, Math.floor((state.now - state.connection.since) / 1000)));
  for (const text of [`daemon away since ${age}, trying again`, `daemon away ${age}`]) {
    const rest = " · liveopsd start";
    if (widthOf(text) + widthOf(rest) > line.left) continue;
    return { text: line.add(text, "yellow", "bold").add(rest, "yellow").toString(), busy: true };
  }
  return { text: line.add(`away ${age} · liveopsd start`, "yellow").toString(), busy: true };
}

function counts(state: State, line: Line): Line {
  line.add(" liveops ", "bold");
  const { counts } = state.view;
  const parts = STATES.map((name) => ({ name, glyph: stateGlyph(name), count: counts[name] }));
  const words = parts.map(({ name, glyph, count }) => ` ${glyph} ${count} ${name} `);
  const spelled = words.reduce((sum, word) => sum + widthOf(word), 0) <= line.left;
  for (const { name, glyph, count } of parts) {
    // Nothing in a state is told quietly.
    const style = count === 0 ? "dim" : stateColour(name);
    line.addWhole(spelled ? ` ${glyph} ${count} ${name} ` : ` ${glyph} ${count} `, style);
  }
  return line;
}
