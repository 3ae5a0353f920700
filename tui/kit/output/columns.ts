/** Kinds of columns, and `--columns` and `--sort`: names of columns, in words of the command line. */
import { UsageError } from "../../../protocol/failures.js";
import { nearest } from "../../../protocol/text/nearest.js";
import type { CellContext, Column, TableSpec } from "./table.js";
import { timeText } from "./time.js";

/** A column of numbers; `-` for null. */
export function numberColumn<T, C extends CellContext>(
  name: string,
  about: string,
  of: (record: T) => number | null,
  { format = String, ...more }: Partial<Column<T, C>> & { format?: (value: number) => string } = {},
): Column<T, C> {
  const text = (record: T) => {
    const value = of(record);
    return value === null ? "-" : format(value);
  };
  return { name, about, text, sort: (it) => of(it) ?? Number.NEGATIVE_INFINITY, align: "right", ...more };
}

/** A column of times; empty for null. */
export function timeColumn<T, C extends CellContext>(
  name: string,
  about: string,
  of: (record: T) => string | null,
  more: Partial<Column<T, C>> = {},
): Column<T, C> {
  const text = (it: T, { time, now }: C) => timeText(of(it), time, now);
  return { name, about, text, sort: (it) => of(it) ?? "", ...more };
}

/** The columns of `--columns id,state`, in their order; null: the option is absent. @throws UsageError */
export function givenColumns<T, C extends CellContext>(
  { columns }: TableSpec<T, C>,
  text: string | undefined,
): ReadonlyArray<Column<T, C>> | null {
  return text === undefined ? null : wordsOf(text).map((word) => named(columns, word, "--columns"));
}

interface SortKey<T, C extends CellContext> {
  column: Column<T, C>;
  reverse: boolean;
}

/** The keys of `--sort state,-age`; null: the option is absent. @throws UsageError */
export function givenSort<T, C extends CellContext>(
  { columns }: TableSpec<T, C>,
  text: string | undefined,
): Array<SortKey<T, C>> | null {
  if (text === undefined) return null;
  return wordsOf(text).map((word) => {
    const reverse = word.startsWith("-");
    return { column: named(columns, reverse ? word.slice(1) : word, "--sort"), reverse };
  });
}

/** Sorted by the keys; equal records keep their order. */
export function sortedBy<T, C extends CellContext>(
  records: readonly T[],
  keys: ReadonlyArray<SortKey<T, C>>,
  context: C,
): T[] {
  return records.toSorted((a, b) => {
    for (const { column, reverse } of keys) {
      const key = column.sort ?? column.text;
      const order = compare(key(a, context), key(b, context));
      if (order !== 0) return reverse ? -order : order;
    }
    return 0;
  });
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function wordsOf(text: string): string[] {
  return text.split(",").map((word) => word.trim().toLowerCase());
}

function named<T, C extends CellContext>(
  columns: ReadonlyArray<Column<T, C>>,
  word: string,
  option: string,
): Column<T, C> {
  const column = columns.find(({ name }) => name === word);
  if (column !== undefined) return column;
  const names = columns.map(({ name }) => name);
  const [near] = nearest(word, names);
  throw new UsageError(
    `${option}: ${JSON.stringify(word)} is not a column${near ? `; did you mean ${near}?` : ""}`,
    `columns: ${names.join(", ")}`,
  );
}
