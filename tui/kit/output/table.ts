/**
 * Tables of the commands. Pure: at most `width` columns of the terminal wide. Less important
 * columns are cut first, then dropped.
 */
import type { Colour, Paint } from "../../../protocol/text/colour.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import type { Widths } from "./widths.js";

/** The stream for a table. */
export interface TableStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** What the text of a cell depends on, beside its record. */
export interface CellContext {
  now: number;
}

export interface Column<T, C extends CellContext = CellContext> {
  /** In capitals, the title. */
  name: string;
  /** The table sanitizes the text. */
  text: (record: T, context: C) => string;
  colour?: (record: T, context: C) => Colour | null;
  align?: "right";
  /** Least width after a cut; a column without `atLeast` is never cut. */
  atLeast?: number;
  /**
   * Width below which the column is cut only where all others are at theirs. Default: `atLeast`.
   */
  readable?: number;
  /** Shown only by `--wide`. */
  wide?: boolean;
  /** The column is left out if all its cells are empty. */
  optional?: boolean;
  /** Whether the column has its place in a list of these records. Default: it has. */
  when?: (records: readonly T[]) => boolean;
}

export interface TableSpec<T, C extends CellContext = CellContext> {
  columns: ReadonlyArray<Column<T, C>>;
  /** Names of columns in the order in which they are cut. */
  firstToShrink: readonly string[];
  /** Names of columns in the order in which they are dropped, where cutting is not enough. */
  firstToGo: readonly string[];
}

export interface Look {
  width: number;
  widths: Widths;
  paint: Paint;
  wide?: boolean;
}

/** The columns of a table, each with its width. */
export type Layout<T, C extends CellContext> = ReadonlyArray<{
  readonly column: Column<T, C>;
  readonly width: number;
}>;

const GAP = "  ";

export function tableLines<T, C extends CellContext>(
  spec: TableSpec<T, C>,
  records: readonly T[],
  context: C,
  look: Look,
): string[] {
  const layout = fitColumns(spec, records, context, look);
  const rows = records.map((record) => rowLine(layout, record, context, look));
  return [headerLine(layout, look), ...rows];
}

/** The columns that a table may have, before it is fitted. */
export function columnsOf<T, C extends CellContext>(
  { columns }: TableSpec<T, C>,
  wide: boolean,
): ReadonlyArray<Column<T, C>> {
  return columns.filter((it) => wide || !it.wide);
}

export function fitColumns<T, C extends CellContext>(
  spec: TableSpec<T, C>,
  records: readonly T[],
  context: C,
  look: Look,
): Layout<T, C> {
  const { widths, wide = false } = look;
  const all = columnsOf(spec, wide).flatMap((column) => {
    if (column.when && !column.when(records)) return [];
    const cells = records.map((it) => cell(column, it, context));
    const isBlank = cells.every((text) => text === "");
    if (column.optional && isBlank) return [];
    const width = cells.reduce(
      (most, text) => Math.max(most, widths.columnsOf(text)),
      titleOf(column).length,
    );
    return [{ column, width, isBlank }];
  });
  return fitted(all, look.width, spec);
}

function headerLine<T, C extends CellContext>(
  layout: Layout<T, C>,
  { widths, paint }: Look,
): string {
  return paint(
    "dim",
    joined(layout.map((it) => widths.fit(titleOf(it.column), it.width, it.column.align))),
  );
}

function rowLine<T, C extends CellContext>(
  layout: Layout<T, C>,
  record: T,
  context: C,
  { widths, paint }: Look,
): string {
  return joined(
    layout.map(({ column, width }) => {
      const text = widths.fit(cell(column, record, context), width, column.align);
      const colour = column.colour?.(record, context) ?? null;
      return colour === null ? text : paint(colour, text);
    }),
  );
}

/** All texts of the table, for the choice of the width functions. */
export function textsOf<T, C extends CellContext>(
  columns: ReadonlyArray<Column<T, C>>,
  records: readonly T[],
  context: C,
): string[] {
  return records.flatMap((record) => columns.map((column) => cell(column, record, context)));
}

function cell<T, C extends CellContext>(column: Column<T, C>, record: T, context: C): string {
  return sanitize(column.text(record, context));
}

function titleOf({ name }: { name: string }): string {
  return name.toUpperCase();
}

function joined(cells: string[]): string {
  return cells.join(GAP).trimEnd();
}

interface Fitting {
  readonly column: { readonly name: string; readonly atLeast?: number; readonly readable?: number };
  readonly width: number;
  readonly isBlank: boolean;
}

/** Drops columns without any text, cuts columns, then drops columns, until the table fits. */
function fitted<F extends Fitting>(
  all: readonly F[],
  width: number,
  { firstToShrink, firstToGo }: { firstToShrink: readonly string[]; firstToGo: readonly string[] },
): readonly F[] {
  if (overOf(all, width) <= 0) return all;
  let rest = all.filter((it) => !it.isBlank);
  for (const name of [null, ...firstToGo]) {
    rest = rest.filter((it) => it.column.name !== name);
    const readable = shrunk(
      rest,
      width,
      firstToShrink,
      ({ column: { readable, atLeast }, width: own }) => Math.max(readable ?? 0, atLeast ?? own),
    );
    const layout = shrunk(readable, width, firstToShrink, (it) => it.column.atLeast ?? it.width);
    if (overOf(layout, width) <= 0) return layout;
  }
  return rest.slice(0, 1).map((it) => ({ ...it, width: Math.min(it.width, width) }));
}

function shrunk<F extends Fitting>(
  layout: readonly F[],
  width: number,
  order: readonly string[],
  leastOf: (it: F) => number,
): readonly F[] {
  return order.reduce<readonly F[]>((before, name) => {
    const over = Math.max(0, overOf(before, width));
    return before.map((it) => {
      if (it.column.name !== name) return it;
      const least = Math.min(it.width, leastOf(it));
      return { ...it, width: Math.max(least, it.width - over) };
    });
  }, layout);
}

/** Columns of the terminal that the table takes too many. */
function overOf(layout: ReadonlyArray<Pick<Fitting, "width">>, width: number): number {
  return layout.reduce((sum, it) => sum + it.width + GAP.length, -GAP.length) - width;
}
