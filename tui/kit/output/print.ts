/** Prints records as a table. */
import { type MaybeTerminal, paintFor } from "../../../protocol/text/colour.js";
import {
  type CellContext,
  columnsOf,
  type TableSpec,
  type TableStream,
  tableLines,
  textsOf,
} from "./table.js";
import { widthsFor } from "./widths.js";

/** The lines of a table for the stream. */
export async function listLines<T, C extends CellContext>(
  spec: TableSpec<T, C>,
  records: readonly T[],
  context: C,
  stream: MaybeTerminal & { columns?: number },
  wide = false,
): Promise<string[]> {
  const widths = await widthsFor(textsOf(columnsOf(spec, wide), records, context));
  const look = { wide, width: widthOf(stream), widths, paint: paintFor(stream) };
  return tableLines(spec, records, context, look);
}

export function printLines(lines: readonly string[], stream: TableStream = process.stdout): void {
  stream.write(lines.map((line) => `${line}\n`).join(""));
}

/** Columns that a line may have; a pipe has no limit. */
function widthOf(stream: MaybeTerminal & { columns?: number }): number {
  return stream.isTTY ? stream.columns || 80 : Number.POSITIVE_INFINITY;
}
