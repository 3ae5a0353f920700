/** How the share of an operation, or of a stage, grows with the time. */

/**
 * Percents whose times a record keeps; the closest at the begin, where the pace is often another
 * than later.
 */
export const CURVE_PERCENTS = [10, 25, 50, 75] as const;

/** The part of the time after which this share was done. */
export function timeAt(curve: readonly number[], share: number): number {
  const times = [0, ...curve, 1];
  const shares = [0, ...CURVE_PERCENTS.map((percent) => percent / 100), 1];
  const next = shares.findIndex((each) => each > share);
  const [from, to] = [shares[next - 1]!, shares[next]!];
  return times[next - 1]! + ((times[next]! - times[next - 1]!) * (share - from)) / (to - from);
}
