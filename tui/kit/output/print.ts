/** Prints records as a table, as JSON or as names. */
import { type MaybeTerminal, paintFor } from "../../../protocol/text/colour.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { sortedBy } from "./columns.js";
import { jsonLine } from "./json.js";
import { linkerFor, unlinked } from "./links.js";
import type { ListOutput } from "./options.js";
import {
  type CellContext,
  columnsOf,
  type Look,
  type TableSpec,
  type TableStream,
  tableLines,
  textsOf,
} from "./table.js";
import { widthsFor } from "./widths.js";

export interface Printed<T, C extends CellContext> {
  spec: TableSpec<T, C>;
  records: readonly T[];
  context: C;
  /** The name of a record, for `--output name`, or its names. */
  nameOf: (record: T) => string | readonly string[];
  /** The value of `--output json`. Default: the records. */
  json?: (records: readonly T[]) => unknown;
}

/** The lines that a list prints. */
export async function listLines<T, C extends CellContext>(
  { spec, records: all, context, nameOf, json = (records) => records }: Printed<T, C>,
  { format, chosen, sort, header }: ListOutput<T, C>,
  stream: MaybeTerminal & { columns?: number },
): Promise<string[]> {
  const records = sort === null ? all : sortedBy(all, sort, context);
  if (format === "json") return [jsonLine(json(records))];
  if (format === "jsonl") return records.map(jsonLine);
  if (format === "name") return records.flatMap(nameOf).map((name) => sanitize(name));
  const look = { wide: format === "wide", chosen, header };
  const texts = textsOf(columnsOf(spec, look, context.time), records, context);
  const link = linkerFor(stream);
  const shape: Look<T, C> = {
    ...look,
    width: widthOf(stream),
    widths: await widthsFor(texts),
    paint: paintFor(stream),
    ...(link !== unlinked && { link }),
  };
  return tableLines(spec, records, context, shape);
}

/** Prints the list on stdout. */
export async function printList<T, C extends CellContext>(
  printed: Printed<T, C>,
  wanted: ListOutput<T, C>,
): Promise<void> {
  printLines(await listLines(printed, wanted, process.stdout));
}

export function printLines(lines: readonly string[], stream: TableStream = process.stdout): void {
  stream.write(lines.map((line) => `${line}\n`).join(""));
}

/** Columns that a line may have; a pipe has no limit. */
function widthOf(stream: MaybeTerminal & { columns?: number }): number {
  return stream.isTTY ? stream.columns || 80 : Number.POSITIVE_INFINITY;
}
