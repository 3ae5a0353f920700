/** A column of numbers. */
import type { CellContext, Column } from "./table.js";

/** `-` for null. */
export function numberColumn<T>(
  name: string,
  of: (record: T) => number | null,
  format: (value: number) => string = String,
): Column<T, CellContext> {
  const text = (record: T) => {
    const value = of(record);
    return value === null ? "-" : format(value);
  };
  return { name, text, align: "right" };
}
