/**
 * Whether a number is far outside of what earlier successes told. Pure; docs/failures.md has it in
 * short.
 *
 * The centre is the median, the spread the median absolute deviation (MAD): half of the values may
 * be wrong without an effect on either. Hampel, "The Influence Curve and Its Role in Robust
 * Estimation" (1974); Leys and others, "Detecting outliers: Do not use standard deviation around
 * the mean" (2013). Sizes and times vary by factors, so the distance is that of their logarithms,
 * by asinh, which is defined for zero and below as well.
 */

/** A number of an earlier success. */
export interface Earlier {
  readonly value: number;
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
const NEWEST = 20;
export const FEWEST = 5;
/**
 * With so many numbers, the least and the greatest are left out of the usual range; a busy machine
 * makes long times.
 */
const TRIMMED_FROM = 10;

/**
 * What a value must be beyond the usual range at least: a factor, and for small numbers a
 * difference.
 */
const LIMITS = {
  number: { factor: 1.5, offset: 5, atLeast: 0 },
  /** Seconds. A loaded machine is slower; a short run is no loss. */
  time: { factor: 4, offset: 1, atLeast: 5 },
};

/** A time that is so short is never odd. */
export const isShort = ({ value, isTime }: { value: number; isTime?: true }): boolean =>
  isTime === true && value < LIMITS.time.atLeast;

/** Spreads from the median, by the number of values: the MAD of few values is often too small. */
const spreads = (n: number, isTime: boolean) => (isTime ? 3 + 9 / (n - 2) : 4 + 12 / (n - 2));
/** The MAD of a normal distribution is smaller than its standard deviation by this factor. */
const OF_NORMAL = 1.4826;

/** A value that was told as odd so many times is usual. */
const TOLD_ENOUGH = 3;

/**
 * @param earlier - of comparable runs, the newest first
 * @returns what is usual; null: the value is not far outside, or too little is known
 */
export function farOutside(
  value: number,
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
  if (value >= low && (value <= high || (isTime && value - high < LIMITS.time.atLeast)))
    return null;
  // A shorter time is not odd: caches do that.
  if (isTime && value < low) return null;
  const limits = isTime ? LIMITS.time : LIMITS.number;
  const offset =
    isTime || [value, ...sorted].every(Number.isInteger) ? limits.offset : middle(sorted) / 100;
  if (offset === 0) return null;
  const scaled = (each: number) => Math.asinh(each / (2 * offset));
  const side = value > high ? 1 : -1;
  /** Whether the value is beyond another one, to its side, by more than the factor. */
  const isBeyond = (other: number) =>
    side * (scaled(value) - scaled(other)) > Math.log(limits.factor);
  if (!isBeyond(side > 0 ? high : low)) return null;
  const logs = sorted.map(scaled);
  if (Math.abs(scaled(value) - median(logs)) <= spreads(n, isTime) * OF_NORMAL * mad(logs))
    return null;
  const told = earlier.filter((each) => each.isOdd && !isBeyond(each.value)).length;
  return told >= TOLD_ENOUGH ? null : { low, high, runs: n };
}

/**
 * Of numbers with a fraction, the size from which they count as large: that of the median, or of
 * the greatest.
 */
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
