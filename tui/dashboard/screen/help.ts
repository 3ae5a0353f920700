/**
 * The help: the table of keys, a group below the other, in columns where there is width, and in pages of rows that
 * scroll where there is not height enough.
 */
import { KEY_GROUPS, type Key } from "../keys.js";
import type { HelpPage } from "../state/page.js";
import { pad, widthOf, wrap } from "./cells.js";
import { Line } from "./line.js";
import { type Paint, unpainted } from "./paint.js";

/** A column of this width holds every entry whole. */
const COLUMN = 46;

export function help({ top }: HelpPage, width: number, height: number, paint: Paint): string[] {
  const rows = table(width, paint);
  if (rows.length < height) return ["", ...rows];
  if (rows.length === height) return rows;
  const shown = rows.slice(top, top + height);
  const below = rows.length - top - shown.length;
  // The last row says that there is more, instead of a row that would be seen after the next key.
  if (below > 0) shown[height - 1] = paint(` ↓ ${below + 1} more`, "dim");
  return shown;
}

/** Rows of the whole table. */
export function helpHeight(width: number): number {
  return table(width, unpainted).length;
}

function table(width: number, paint: Paint): string[] {
  const count = Math.max(1, Math.min(3, Math.floor(width / COLUMN)));
  const columnWidth = Math.floor(width / count);
  const columns = balanced(groups(columnWidth - 1, paint), count);
  const height = Math.max(...columns.map((column) => column.length));
  return Array.from({ length: height }, (_, y) =>
    columns
      .reduce(
        (line, column, x) => line.join(column[y] ?? new Line(0, paint)).fill((x + 1) * columnWidth),
        new Line(width, paint),
      )
      .toString()
      .trimEnd(),
  );
}

/** Each group as its rows: a heading, and an entry a row, or two where it is narrow. */
function groups(width: number, paint: Paint): Line[][] {
  const told = (keys: readonly Key[]) => keys.filter((key) => key.does !== undefined);
  const label = (key: Key) => key.helpLabel ?? key.label;
  const labels = KEY_GROUPS.flatMap(({ keys }) => told(keys)).map((key) => widthOf(label(key)));
  const labelWidth = Math.min(12, Math.max(...labels));
  return KEY_GROUPS.filter(({ keys }) => told(keys).length > 0).map(({ title, keys }) => [
    new Line(width, paint).add(` ${title}`, "dim"),
    ...told(keys).flatMap((key) =>
      wrap(key.does!, width - labelWidth - 3, 2).map((text, i) =>
        new Line(width, paint)
          .add(" ")
          .add(pad(i === 0 ? label(key) : "", labelWidth), "bold")
          .add(`  ${text}`),
      ),
    ),
  ]);
}

/** The groups in their order, dealt to so many columns of about the same height. */
function balanced(all: Line[][], count: number): Line[][] {
  const total = all.reduce((sum, group) => sum + group.length, 0);
  const columns: Line[][] = [[]];
  for (const group of all) {
    const column = columns.at(-1)!;
    const full = column.length > 0 && column.length + group.length / 2 > total / count;
    if (full && columns.length < count) columns.push([...group]);
    else column.push(...group);
  }
  return columns;
}
