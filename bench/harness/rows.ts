/** Measures contenders in turns, so that a busy machine slows all of them alike, and makes rows of the samples. */

/** One row of the table. */
export interface Row {
  name: string;
  unit: string;
  ours: number;
  /** The reference, in the same unit. */
  reference: { what: string; value: number } | null;
  /** Median of the rounds' ratios, so that a slow round does not change it. */
  ratio: number | null;
  /** Lower and upper quartile of the ratios; of our figure where there is no reference. */
  spread: readonly [number, number] | null;
  /** As `≤ 2 ×` for the ratio, and `≥ 5 /s` for our figure. Null: the row is for information. */
  goal: string | null;
  /** Durability on both sides, and the counted work. */
  notes: string;
}

/** A measure without figures, and how to make it measurable. Never counts as met. */
export interface AbsentRow {
  name: string;
  absent: string;
}

export interface MeasureOptions {
  /** Fewer rounds, to check that the measure runs; the figures are not quoted. */
  quick: boolean;
}

/** Throws where a measure cannot run here. */
export type Measure = (options: MeasureOptions) => Promise<Row[]>;

interface Samples {
  name: string;
  unit: string;
  ours: readonly number[];
  /** Samples of the same rounds. */
  beside?: { what: string; samples: readonly number[] };
  goal?: string;
  notes?: string;
}

export function row({ name, unit, ours, beside, goal = "", notes = "" }: Samples): Row {
  const ratios = beside && ours.map((value, round) => value / beside.samples[round]!);
  const spreads = ratios ?? ours;
  return {
    name,
    unit,
    ours: median(ours),
    reference: beside ? { what: beside.what, value: median(beside.samples) } : null,
    ratio: ratios ? median(ratios) : null,
    spread: ours.length > 1 ? [percentile(spreads, 0.25), percentile(spreads, 0.75)] : null,
    goal: goal || null,
    notes,
  };
}

/** Null where the row has no goal. */
export function isMet(of: Row | AbsentRow): boolean | null {
  if ("absent" in of) return false;
  if (of.goal === null) return null;
  const [, sign, limit, unit] = /^([≤≥]) (\d[\d.]*) (.+)$/.exec(of.goal)!;
  const value = (unit === "×" ? of.ratio : of.ours) ?? Number.NaN;
  return sign === "≤" ? value <= Number(limit) : value >= Number(limit);
}

/**
 * Takes one sample of each contender per round; each round begins with a different contender. The first round warms up
 * and does not count.
 */
export async function interleave<K extends string>(
  contenders: Record<K, () => Promise<number> | number>,
  rounds: number,
): Promise<Record<K, number[]>> {
  const names = Object.keys(contenders) as K[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  for (let round = 0; round <= rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length]!;
      const sample = await contenders[name]();
      if (round > 0) samples[name].push(sample);
    }
  }
  return samples;
}

/** By nearest rank: the smallest value that a share (0 to 1) of the values does not exceed. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);
