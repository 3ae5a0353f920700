/** The last row: a question, or what just happened, and the keys that do something now, from the one table. */
import { KEYS, type Key } from "../keys.js";
import { ENTRIES, type Entry } from "../state/entry.js";
import { operationOf, type State } from "../state/model.js";
import { idOf, type Request } from "../state/request.js";
import { fit, tame, widthOf } from "./cells.js";
import { Line } from "./line.js";
import type { Paint } from "./paint.js";
import { STATUS_GLYPHS, STATUS_STYLES } from "./state-style.js";
import { addTyped } from "./typed-line.js";

/** The arrows, which are two entries of the table, in one word. */
function arrowsHint(state: State): string | null {
  const busy = state.confirming !== null || state.notice !== null || state.page !== null;
  if (busy || state.order.length === 0) return null;
  return ` ${state.pane === "detail" ? "scroll" : "select"}  `;
}

export function footer(state: State, paint: Paint): string {
  if (state.entry !== null && state.confirming === null) return typing(state, state.entry, paint);
  const line = new Line(state.size.columns, paint).add(" ");
  if (state.confirming !== null) question(state, state.confirming, line);
  else if (state.notice !== null) {
    const { level, text } = state.notice;
    // Help and quit keep their place behind the notice.
    const room = Math.max(12, line.left - 18);
    line.add(`${STATUS_GLYPHS[level]} ${fit(tame(text), room - 2)}`, STATUS_STYLES[level], "bold").add("  ");
  }
  return keys(state, line).toString();
}

/** Columns that what is typed keeps, however many keys there are to tell. */
const TYPED_LEAST = 30;

/** The line that is typed, where it is drawn here, and its keys. */
function typing(state: State, entry: Entry, paint: Paint): string {
  const { prompt, keys } = ENTRIES[entry.kind];
  const line = new Line(state.size.columns, paint).add(" ");
  const width = keys.reduce((sum, [label, hint]) => sum + widthOf(label) + widthOf(hint) + 3, 0);
  const told = prompt === "" || line.left - prompt.length - width >= TYPED_LEAST;
  if (prompt !== "") {
    line.add(prompt, "bold");
    addTyped(line, entry.line, line.left - (told ? width : 0) - 1);
    if (told) line.fill(line.width - width);
  }
  for (const [label, hint] of told ? keys : []) line.add(label, "bold").add(` ${hint}  `, "dim");
  return line.toString();
}

function question(state: State, asked: Request, line: Line): void {
  const operation = operationOf(state, idOf(asked));
  const name = operation === null ? (idOf(asked) ?? "") : tame(operation.title);
  const [before, after] =
    asked.kind === "remove"
      ? ["Remove ", " and its log?"]
      : asked.kind === "retry"
        ? [`Forget from ${fit(tame(asked.from ?? ""), 16)} on, run `, " again?"]
        : asked.kind === "again"
          ? ["Submit ", " again?"]
          : ["Cancel ", "?"];
  const room = Math.max(8, line.left - before.length - after.length - 18);
  line.add(`${before}${fit(name, room)}${after}`, "yellow", "bold").add("  ");
}

function keys(state: State, line: Line): Line {
  const shown = KEYS.filter((key) => key.hint !== undefined && key.when(state));
  const words = (key: Key) => ` ${key.hint!(state)}  `;
  // The ones that matter most are given room first; all stand in the table's order.
  let room = line.left + 2;
  const chosen = new Set<Key>();
  for (const key of shown.toSorted((a, b) => (a.rank ?? 9) - (b.rank ?? 9))) {
    const cost = widthOf(key.label) + widthOf(words(key));
    if (cost > room) continue;
    chosen.add(key);
    room -= cost;
  }
  const arrows = arrowsHint(state);
  if (arrows !== null && 2 + arrows.length <= room) line.add("↑↓", "bold").add(arrows, "dim");
  for (const key of shown) {
    if (chosen.has(key)) line.add(key.label, "bold").add(words(key).slice(0, line.left), "dim");
  }
  return line;
}
