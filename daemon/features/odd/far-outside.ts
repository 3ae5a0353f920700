/**
 * Whether a number is far outside of what earlier successes told. Pure; `bench/measures/odd.ts` states how many false
 * alarms it raises, and docs/odd.md describes it.
 *
 * The centre is the median, the spread the median absolute deviation (MAD): half of the values may be wrong without
 * an effect on either. Hampel, "The Influence Curve and Its Role in Robust Estimation" (1974); Leys and others,
 * "Detecting outliers: Do not use standard deviation around the mean" (2013). Sizes and times vary by factors, so the
 * distance is that of their logarithms, by asinh, which is defined for zero and below as well.
 */

/** A number of an earlier success. */
export interface Earlier {
  readonly value: number;
  /** Start of the run, in ms since 1970. */
  readonly at: number;
  /** It was told as odd. */
  readonly isOdd: boolean;
}

export interface Usual {
  readonly low: number;
  readonly high: number;
  /** Values between which `low` and `high` are. */
  readonly runs: number;
}

/** Values that are compared, and the fewest of them. */
export const NEWEST = 20;
export const FEWEST = 5;
/** With so many numbers, the least and the greatest are left out of the usual range; a busy machine makes long times. */
const TRIMMED_FROM = 10;

export const LEAST_FACTOR = 1.5;
/** What a value must be beyond the usual range at least: a factor, and for small numbers a difference. */
const LIMITS = {
  number: { factor: LEAST_FACTOR, offset: 5, atLeast: 0 },
  /** Seconds. A loaded machine is slower; a short run is no loss. */
  time: { factor: 4, offset: 1, atLeast: 5 },
};

/** A time that is so short is never odd. */
export const isShort = ({ value, isTime }: { value: number; isTime?: true }): boolean =>
  isTime === true && value < LIMITS.time.atLeast;

/** Spreads from the median, by the number of values: the MAD of few values is often too small. */
const spreads = (n: number, isTime: boolean) => (isTime ? 3 + 9 / (n - 2) : 4 + 12 / (n - 2));
/** The same without logarithms, for numbers without an order of size, such as ids. */
const LINEAR_SPREADS = { zero: 2, other: 2.5 };
/** The MAD of a normal distribution is smaller than its standard deviation by this factor. */
const OF_NORMAL = 1.4826;

/** A value that was told as odd so many times is usual, or that came and went so many times. */
const TOLD_ENOUGH = 3;
const VISITS_ENOUGH = 2;

const HOUR = 3_600_000;
/** Patterns of a calendar, and the shortest pause between two runs with which the history covers them. */
const PERIODS = [
  { length: 24 * HOUR, gap: 0.15 * HOUR },
  { length: 7 * 24 * HOUR, gap: 0.9 * HOUR },
];

/**
 * @param at - start of the run, in ms since 1970
 * @param earlier - of comparable runs, the newest first
 * @returns what is usual; null: the value is not far outside, or too little is known
 */
export function farOutside(
  value: number,
  at: number,
  earlier: readonly Earlier[],
  isTime: boolean,
): Usual | null {
  const newest = earlier.filter(({ isOdd }) => !isOdd).slice(0, NEWEST);
  const n = newest.length;
  if (n < FEWEST) return null;
  const sorted = newest.map((each) => each.value).sort((a, b) => a - b);
  const trimmed = n >= TRIMMED_FROM && !isTime ? 1 : 0;
  // The last value is usual too: a number that rises or falls run by run does not jump.
  const low = Math.min(sorted[trimmed]!, newest[0]!.value);
  const high = Math.max(sorted[n - 1 - trimmed]!, newest[0]!.value);
  if (value >= low && (value <= high || (isTime && value - high < LIMITS.time.atLeast))) return null;
  // A shorter time is not odd: caches do that.
  if (isTime && value < low) return null;
  const limits = isTime ? LIMITS.time : LIMITS.number;
  const offset = isTime || [value, ...sorted].every(Number.isInteger) ? limits.offset : middle(sorted) / 100;
  if (offset === 0) return null;
  const scaled = (each: number) => Math.asinh(each / (2 * offset));
  const margin = Math.log(limits.factor);
  const side = value > high ? 1 : -1;
  /** How far a value is beyond another one, to the side of this value. */
  const beyond = (one: number, other: number) => side * (scaled(one) - scaled(other));
  if (beyond(value, side > 0 ? high : low) <= margin) return null;
  const logs = sorted.map(scaled);
  const isFarInLogs = Math.abs(scaled(value) - median(logs)) > spreads(n, isTime) * OF_NORMAL * mad(logs);
  // Numbers on both sides of zero have no order of size.
  const linear =
    sorted[0]! < 0 ? spreads(n, isTime) : value === 0 ? LINEAR_SPREADS.zero : LINEAR_SPREADS.other;
  const isFar = Math.abs(value - median(sorted)) > linear * OF_NORMAL * mad(sorted);
  // Nothing at all is far outside by either measure.
  if (value === 0 ? !(isFar || isFarInLogs) : !(isFar && isFarInLogs)) return null;
  if (isPattern(at, newest, earlier, (each) => beyond(value, each.value) / margin)) return null;
  return { low, high, runs: n };
}

/**
 * Whether such values were told often enough, came and went often enough, or come each day or week.
 *
 * @param beyond - margins by which the value is farther outside than an earlier one; at most 1: they are alike
 */
function isPattern(
  at: number,
  newest: readonly Earlier[],
  earlier: readonly Earlier[],
  beyond: (each: Earlier) => number,
): boolean {
  const isLike = (each: Earlier) => beyond(each) <= 1;
  const told = earlier.filter((each) => each.isOdd && isLike(each)).length;
  if (told >= TOLD_ENOUGH || visits(earlier, beyond) >= VISITS_ENOUGH) return true;
  const gap = gapOf(newest);
  const age = at - earlier.at(-1)!.at;
  return PERIODS.some(({ length, gap: shortest }) => {
    // With few runs a period, "a period ago" is the last run.
    if (gap < shortest || gap > length / 3) return false;
    // Nobody can know the pattern before it has come twice: one such value is enough.
    if (age < length) return earlier.some(isLike);
    return earlier.some((each) => Math.abs(at - length - each.at) <= gap / 2 && isLike(each));
  });
}

/** How many times such values came after others, and went. Slow growth came from such values, and never went back. */
function visits(earlier: readonly Earlier[], beyond: (each: Earlier) => number): number {
  let count = 0;
  let isLike = false;
  for (const each of earlier) {
    const distance = beyond(each);
    if (isLike && distance > 2) count++;
    if (distance <= 1) isLike = true;
    else if (distance > 2) isLike = false;
  }
  return count;
}

/** The usual time between two runs. */
function gapOf(newest: readonly Earlier[]): number {
  return median(
    newest
      .slice(1)
      .map((each, i) => newest[i]!.at - each.at)
      .sort((a, b) => a - b),
  );
}

/** Of numbers with a fraction, the size from which they count as large: that of the median, or of the greatest. */
function middle(sorted: readonly number[]): number {
  const sizes = sorted.map(Math.abs).sort((a, b) => a - b);
  return median(sizes) || sizes.at(-1)!;
}

function mad(sorted: readonly number[]): number {
  const centre = median(sorted);
  return median(sorted.map((each) => Math.abs(each - centre)).sort((a, b) => a - b));
}

function median(sorted: readonly number[]): number {
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
