/** Measures contenders in turns, so that a busy machine slows all of them alike. Makes rows of the samples. */
import type { Goal, MeasuredRow, Spread } from "./row.js";

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

export const quartiles = (values: readonly number[]): Spread => [
  percentile(values, 0.25),
  percentile(values, 0.75),
];

export interface Comparison {
  unit: string;
  goal?: Goal;
  notes?: string;
}

/**
 * A row of two contenders over the same rounds. The ratio is the median of the rounds' ratios, so that a slow round
 * does not change the ratio.
 */
export function compared(
  name: string,
  ours: readonly number[],
  reference: { what: string; samples: readonly number[] },
  { unit, goal, notes = "" }: Comparison,
): MeasuredRow {
  const ratios = ours.map((value, round) => value / reference.samples[round]!);
  return {
    name,
    unit,
    ours: median(ours),
    reference: { what: reference.what, value: median(reference.samples) },
    ratio: median(ratios),
    spread: ours.length > 1 ? quartiles(ratios) : null,
    goal: goal ?? null,
    notes,
  };
}

/** A row without a reference. */
export function alone(
  name: string,
  ours: readonly number[],
  { unit, goal, notes = "" }: Comparison,
): MeasuredRow {
  return {
    name,
    unit,
    ours: median(ours),
    reference: null,
    ratio: null,
    spread: ours.length > 1 ? quartiles(ours) : null,
    goal: goal ?? null,
    notes,
  };
}
