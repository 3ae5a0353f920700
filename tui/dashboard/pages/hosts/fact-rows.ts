/** Facts in a line each, as many as fit. */
import { widthOf } from "../../text/cells.js";

/** Rows of facts; no fact is broken in two. */
export function factRows(facts: readonly string[], width: number): string[] {
  const rows: string[] = [];
  for (const fact of facts) {
    const longer = rows.length === 0 ? fact : `${rows.at(-1)} · ${fact}`;
    if (rows.length === 0 || widthOf(longer) > width) rows.push(fact);
    else rows[rows.length - 1] = longer;
  }
  return rows;
}
