/** Bounds of the gate: what a measure of the gate returns, and whether it is within its bound. */

/** A figure that may be lower, a list that may be shorter, or what could not be measured here. */
export type GateRow =
  | {
      name: string;
      value: number;
      /** Share of the value by which noise raises it. A new bound leaves this room. */
      room: number;
      /** Printed with a row that fails: what the figure is made of. */
      detail?: string;
    }
  | { name: string; names: readonly string[] }
  | { name: string; skipped: string };

export type GateMeasure = () => Promise<GateRow[]>;

interface NumberBound {
  /** The value when the bound was set. */
  was: number;
  bound: number;
}

/** A list is its own bound. */
type Bound = NumberBound | readonly string[];

/** By the name of the row. */
export type Bounds = Record<string, Bound>;

export interface Verdict {
  outcome: "ok" | "skipped" | "FAILED";
  text: string;
}

/** @param mustMeasure - a row that could not be measured fails */
export function judge(
  rows: readonly GateRow[],
  bounds: Readonly<Bounds>,
  { mustMeasure }: { mustMeasure: boolean },
): Verdict[] {
  const measured = new Set(rows.map(({ name }) => name));
  const missing = Object.keys(bounds).filter((name) => !measured.has(name));
  return [
    ...rows.map((row) => verdictOf(row, bounds[row.name], mustMeasure)),
    ...missing.map((name) => failed(`${name}: no measure has this row`)),
  ];
}

function verdictOf(row: GateRow, bound: Bound | undefined, mustMeasure: boolean): Verdict {
  const { name } = row;
  if ("skipped" in row)
    return { outcome: mustMeasure ? "FAILED" : "skipped", text: `${name}: ${row.skipped}` };
  if ("names" in row) {
    const bounds = Array.isArray(bound) ? bound : [];
    const added = row.names.filter((each) => !bounds.includes(each));
    if (added.length === 0) return ok(`${name}: ${row.names.length}, all in the list`);
    return failed(`${name}: ${added.join(", ")}, not in the list of ${bounds.length}`);
  }
  const value = figure(row.value);
  if (bound === undefined || Array.isArray(bound)) return failed(`${name}: ${value}, no bound`);
  const { was, bound: limit } = bound as NumberBound;
  const text = `${name}: ${value}, bound ${limit} (was ${was})`;
  if (row.value <= limit) return ok(text);
  return failed(row.detail === undefined ? text : `${text}; ${row.detail}`);
}

const ok = (text: string): Verdict => ({ outcome: "ok", text });
const failed = (text: string): Verdict => ({ outcome: "FAILED", text });

/** Of two runs the lower figures: a busy machine only adds. */
export function lower(rows: readonly GateRow[], again: readonly GateRow[]): GateRow[] {
  return rows.map((row) => {
    const other = again.find(({ name }) => name === row.name);
    if (other === undefined || !("value" in row && "value" in other)) return row;
    return other.value < row.value ? other : row;
  });
}

/** The bounds that the rows set; a row that could not be measured keeps its bound. */
export function boundsFrom(rows: readonly GateRow[], before: Readonly<Bounds>): Bounds {
  const bounds: Bounds = {};
  for (const row of rows) {
    if ("names" in row) bounds[row.name] = row.names;
    else if ("value" in row)
      bounds[row.name] = { was: figure(row.value), bound: figure(row.value * (1 + row.room)) };
    else if (before[row.name] !== undefined) bounds[row.name] = before[row.name]!;
  }
  return bounds;
}

/** Three significant digits, or all before the point. */
const figure = (value: number) => (value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
