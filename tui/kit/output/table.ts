/**
 * Tables of the commands. Pure: at most `width` columns of the terminal wide. Less important columns are cut first, then
 * dropped.
 */
import type { Colour, Paint } from "../../../protocol/text/colour.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import type { Linker } from "./links.js";
import type { TimeStyle } from "./time.js";
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
  time: TimeStyle;
}

export interface Column<T, C extends CellContext = CellContext> {
  /** Name for `--columns`. In capitals, the title. */
  name: string;
  /** Meaning, for the documentation. */
  about: string;
  /** The table sanitizes the text. */
  text: (record: T, context: C) => string;
  colour?: (record: T, context: C) => Colour | null;
  /** Target of the text. */
  link?: (record: T, context: C) => string | null;
  align?: "right";
  /** Least width after a cut; a column without `atLeast` is never cut. */
  atLeast?: number;
  /** Width below which the column is cut only where all others are at theirs. Default: `atLeast`. */
  readable?: number;
  /** Shown only by `--output wide`, or only by `--columns`. Default: shown. */
  only?: "wide" | "asked";
  /** Style of times for which the column is shown. Default: any. */
  times?: "relative" | "exact";
  /** The column is left out if all its cells are empty. */
  optional?: boolean;
  /** Whether the column has its place in a list of these records. Default: it has. */
  when?: (records: readonly T[]) => boolean;
  /** What `--sort` compares. Default: the text. */
  sort?: (record: T, context: C) => number | string;
}

export interface TableSpec<T, C extends CellContext = CellContext> {
  columns: ReadonlyArray<Column<T, C>>;
  /** Names of columns in the order in which they are cut. */
  firstToShrink: readonly string[];
  /** Names of columns in the order in which they are dropped, where cutting is not enough. */
  firstToGo: readonly string[];
}

export interface Look<T, C extends CellContext> {
  width: number;
  widths: Widths;
  paint: Paint;
  link?: Linker;
  wide?: boolean;
  /** The columns of `--columns`, in their order. They are cut, and dropped only from the right. */
  chosen?: ReadonlyArray<Column<T, C>> | null;
  /** Default: true. */
  header?: boolean;
}

/** The columns of a table, each with its width. */
export type Layout<T, C extends CellContext> = ReadonlyArray<{
  readonly column: Column<T, C>;
  readonly width: number;
}>;

const GAP = "  ";
/** Least width of a column of `--columns`. */
const LEAST_CHOSEN = 4;

export function tableLines<T, C extends CellContext>(
  spec: TableSpec<T, C>,
  records: readonly T[],
  context: C,
  look: Look<T, C>,
): string[] {
  const layout = fitColumns(spec, records, context, look);
  const rows = records.map((record) => rowLine(layout, record, context, look));
  return look.header === false ? rows : [headerLine(layout, look), ...rows];
}

/** The columns that a table may have, before it is fitted. */
export function columnsOf<T, C extends CellContext>(
  { columns }: TableSpec<T, C>,
  { wide = false, chosen = null }: Pick<Look<T, C>, "wide" | "chosen">,
  time: TimeStyle,
): ReadonlyArray<Column<T, C>> {
  if (chosen !== null) return chosen;
  const times = time === "relative" ? "relative" : "exact";
  return columns.filter(
    (it) =>
      (it.only === undefined || (it.only === "wide" && wide)) &&
      (it.times === undefined || it.times === times),
  );
}

export function fitColumns<T, C extends CellContext>(
  spec: TableSpec<T, C>,
  records: readonly T[],
  context: C,
  look: Look<T, C>,
): Layout<T, C> {
  const { widths, chosen = null } = look;
  const all = columnsOf(spec, look, context.time).flatMap((column) => {
    const stays = chosen !== null;
    if (column.when && !stays && !column.when(records)) return [];
    const cells = records.map((it) => cell(column, it, context));
    if (column.optional && !stays && cells.every((text) => text === "")) return [];
    const width = cells.reduce(
      (most, text) => Math.max(most, widths.columnsOf(text)),
      titleOf(column).length,
    );
    const isBlank = !stays && cells.every((text) => text === "");
    return [{ column, width, isBlank }];
  });
  return chosen === null ? fitted(all, look.width, spec) : squeezed(all, look.width, spec);
}

function headerLine<T, C extends CellContext>(
  layout: Layout<T, C>,
  { widths, paint }: Pick<Look<T, C>, "widths" | "paint">,
): string {
  return paint("dim", joined(layout.map((it) => widths.fit(titleOf(it.column), it.width, it.column.align))));
}

function rowLine<T, C extends CellContext>(
  layout: Layout<T, C>,
  record: T,
  context: C,
  { widths, paint, link }: Look<T, C>,
): string {
  return joined(
    layout.map(({ column, width }) => {
      const fitting = widths.fit(cell(column, record, context), width, column.align);
      const url = link === undefined ? null : (column.link?.(record, context) ?? null);
      const text = url === null ? fitting : fitting.replace(/\S(?:.*\S)?/s, (match) => link!(url, match));
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
    const readable = shrunk(rest, width, firstToShrink, ({ column: { readable, atLeast }, width: own }) =>
      Math.max(readable ?? 0, atLeast ?? own),
    );
    const layout = shrunk(readable, width, firstToShrink, (it) => it.column.atLeast ?? it.width);
    if (overOf(layout, width) <= 0) return layout;
  }
  return rest.slice(0, 1).map((it) => ({ ...it, width: Math.min(it.width, width) }));
}

/** Cuts all columns, first those that are cut best; then the columns on the right are dropped. */
function squeezed<F extends Fitting>(
  all: readonly F[],
  width: number,
  { firstToShrink }: { firstToShrink: readonly string[] },
): readonly F[] {
  let layout = shrunk(all, width, firstToShrink, (it) => it.column.atLeast ?? it.width);
  const fromRight = layout.map((it) => it.column.name).reverse();
  layout = shrunk(layout, width, fromRight, () => LEAST_CHOSEN);
  while (layout.length > 1 && overOf(layout, width) > 0) layout = layout.slice(0, -1);
  return layout.length > 1 ? layout : layout.map((it) => ({ ...it, width: Math.min(it.width, width) }));
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
