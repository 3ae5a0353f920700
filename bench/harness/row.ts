/** The result of a measure: one row of the table for each figure. */

/** A bound for the ratio, or for the figure of liveops. */
export type Goal = { of: "ratio" | "ours" } & ({ atMost: number } | { atLeast: number });

/** Lower and upper quartile of the rounds. */
export type Spread = readonly [low: number, high: number];

export interface MeasuredRow {
  name: string;
  unit: string;
  ours: number;
  /** The reference, in the same unit. */
  reference: { what: string; value: number } | null;
  /** ours / reference: the median of the rounds. */
  ratio: number | null;
  /** Spread of the ratios; of our figure where there is no reference. */
  spread: Spread | null;
  /** Null: the row is for information. */
  goal: Goal | null;
  /** Durability on both sides, and the counted work. */
  notes: string;
}

/** A figure that could not be measured, and how to make it measurable. Never counts as met. */
export interface AbsentRow {
  name: string;
  absent: string;
}

export type Row = MeasuredRow | AbsentRow;

export interface MeasureOptions {
  /** Fewer rounds, to check that the measure runs; the figures are not quoted. */
  quick: boolean;
}

export type Measure = (options: MeasureOptions) => Promise<Row[]>;

/** Null where the row has no goal. */
export function isMet(row: Row): boolean | null {
  if ("absent" in row) return false;
  if (row.goal === null) return null;
  const value = row.goal.of === "ratio" ? row.ratio : row.ours;
  if (value === null || Number.isNaN(value)) return false;
  return "atMost" in row.goal ? value <= row.goal.atMost : value >= row.goal.atLeast;
}
