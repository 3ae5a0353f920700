/** A table with a chosen row: its columns are those of the commands, fitted to the width. */
import { fitColumns, type TableSpec } from "../../../kit/output/table.js";
import { columnsOf, fit } from "../../../kit/output/width.js";
import { sanitizeLine } from "../../text/cells.js";
import { Line } from "../../text/line.js";
import type { Paint, Style } from "../../text/theme.js";

export interface TableLook<T> {
  readonly width: number;
  readonly now: number;
  readonly paint: Paint;
  readonly styleOf: (record: T, column: string) => Style;
}

/** The head, then a row for each record; of the chosen one the first cell is bold. */
export function tableRows<T>(
  spec: TableSpec<T>,
  records: readonly T[],
  at: number,
  { width, now, paint, styleOf }: TableLook<T>,
): Line[] {
  const context = { now };
  const layout = fitColumns(spec, records, context, {
    width: width - 2,
    widths: { columnsOf, fit },
    paint: (_style, text) => text,
  });
  const rowOf = (sign: string, cell: (place: number) => readonly [text: string, style: Style]) => {
    const line = new Line(width, paint).add(sign, "accent");
    for (const [place, { column, width: own }] of layout.entries()) {
      const [text, style] = cell(place);
      line.add(fit(sanitizeLine(text), own, column.align), style).add("  ");
    }
    return line;
  };
  const rows = records.map((record, i) =>
    rowOf(i === at ? "▌ " : "  ", (place) => {
      const { column } = layout[place]!;
      const isBold = i === at && place === 0;
      return [column.text(record, context), isBold ? "bold" : styleOf(record, column.name)];
    }),
  );
  return [rowOf("  ", (place) => [layout[place]!.column.name, "muted"]), ...rows];
}
