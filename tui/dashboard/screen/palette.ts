/** The palette's rows above the line that is typed: name, what it does, its key; the chosen one's shell command last. */
import type { State } from "../state/model.js";
import { type PaletteItem, shownItems } from "../state/palette.js";
import { fit, pad, tame, widthOf } from "./cells.js";
import { commandRows } from "./command-rows.js";
import { scrollTop } from "./layout.js";
import { Line } from "./line.js";
import type { Paint } from "./paint.js";

/** Rows of choices at most. */
const MOST = 12;

export function palette(state: State, typed: string, width: number, most: number, paint: Paint): string[] {
  const items = shownItems(state, typed);
  const height = Math.min(MOST, most - 2, Math.max(1, items.length));
  if (height < 1) return [];
  const top = scrollTop(0, state.choice, items.length, height);
  const nameWidth = Math.min(
    Math.floor(width * 0.45),
    Math.max(10, ...items.map(({ name }) => widthOf(tame(name)))),
  );
  const rows = items
    .slice(top, top + height)
    .map((item, i) => row(item, top + i === state.choice, nameWidth, width, paint));
  if (items.length === 0)
    rows.push(new Line(width, paint).add("  Nothing is called that.", "yellow").toString());
  const command = items[state.choice]?.command ?? null;
  const head = new Line(width, paint).add("─ ", "dim").add("all actions", "bold").add(" ");
  if (items.length > height) head.addWhole(`${top + 1}-${top + height} of ${items.length} `, "dim");
  return [
    head.fill(width, "─", "dim").toString(),
    ...rows,
    ...(command === null ? [""] : commandRows(command, width, 1, paint)),
  ];
}

function row(item: PaletteItem, chosen: boolean, nameWidth: number, width: number, paint: Paint): string {
  const line = new Line(width, paint).add(chosen ? "▌ " : "  ", "cyan");
  line.add(pad(tame(item.name), nameWidth), ...(chosen ? (["bold"] as const) : []));
  const key = item.key === "" ? "" : ` ${item.key}`;
  return line
    .add(`  ${fit(tame(item.does), line.left - 2 - widthOf(key) - 1)}`, "dim")
    .right(key, "bold")
    .toString();
}
