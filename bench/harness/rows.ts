/** Rows of the table: figures of samples, and whether they meet their goal. */

/** One row of the table. */
export interface Row {
  measure: string;
  name: string;
  unit: string;
  ours: number;
  /** The reference, in the same unit. */
  beside: { what: string; value: number } | null;
  /** Median of the rounds' ratios, so that a slow round does not change it. */
  ratio: number | null;
  /** Lower and upper quartile of what the goal is for, else of the ratios. Null: one sample. */
  spread: readonly [number, number] | null;
  /** As `≤ 2 ×` for the ratio, and `≥ 5 /s` for our figure. Null: the row is for information. */
  goal: string | null;
  /** What the figure is made of. */
  detail?: string;
}

/** A row without figures, and why. It counts as missed. */
export interface AbsentRow {
  measure: string;
  name: string;
  absent: string;
  /** Something is wrong with the measure: this machine lacks nothing. */
  isFault?: boolean;
}

export type Rows = ReadonlyArray<Row | AbsentRow>;

/** Samples of the same rounds by what they are of, such as `node -e 0`: one reference at most. */
export type Beside = Record<string, readonly number[]>;

export function rowOf(
  measure: string,
  name: string,
  unit: string,
  goal: string | null,
  ours: readonly number[],
  beside: Beside = {},
): Row {
  const [reference] = Object.entries(beside);
  const ratios = reference && ours.map((value, round) => value / reference[1][round]!);
  // A goal may be one for our figure although there is a reference.
  const spreads = ratios && (goal === null || goal.endsWith("×")) ? ratios : ours;
  return {
    measure,
    name,
    unit,
    ours: median(ours),
    beside: reference ? { what: reference[0], value: median(reference[1]) } : null,
    ratio: ratios ? median(ratios) : null,
    spread: ours.length > 1 ? [quantile(spreads, 0.25), quantile(spreads, 0.75)] : null,
    goal,
  };
}

export type Verdict = "yes" | "NO" | "unsure" | "not measured" | "–";

/** Unsure: a quartile is on the other side of the goal. */
export function verdictOf(row: Row | AbsentRow): Verdict {
  if ("absent" in row) return "not measured";
  if (row.goal === null) return "–";
  const [, sign, limit, unit] = /^([≤≥]) (\d[\d.]*) (.+)$/.exec(row.goal)!;
  const isMet = (value: number) => (sign === "≤" ? value <= Number(limit) : value >= Number(limit));
  const met = isMet((unit === "×" ? row.ratio : row.ours) ?? Number.NaN);
  if (row.spread?.some((value) => isMet(value) !== met)) return "unsure";
  return met ? "yes" : "NO";
}

/** By nearest rank: the smallest value that a share (0 to 1) of the values does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
