/** What a measure says: one row of the table for each figure. */

/** A bound on the ratio, or on liveops' own figure. */
export type Goal = { of: "ratio" | "ours" } & ({ atMost: number } | { atLeast: number });

/** Lower and upper quartile over the rounds. */
export type Spread = readonly [low: number, high: number];

export interface MeasuredRow {
  name: string;
  unit: string;
  ours: number;
  /** What it is measured beside, in the same unit. */
  reference: { what: string; value: number } | null;
  /** ours / reference, the median of the rounds'. */
  ratio: number | null;
  /** Of the rounds' ratios; of our figure where there is no reference. */
  spread: Spread | null;
  /** None: for information. */
  goal: Goal | null;
  /** Durability on both sides, and what is counted. */
  notes: string;
}

/** Something that could not be measured here, and what to do about it. Never counts as met. */
export interface AbsentRow {
  name: string;
  absent: string;
}

export type Row = MeasuredRow | AbsentRow;

export interface MeasureOptions {
  /** Fewer rounds: to see that it runs, not to quote. */
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
