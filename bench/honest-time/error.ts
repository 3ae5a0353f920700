/** How far what was told is from what came true. */
import type { Told } from "./play.js";

/**
 * Shares of a run at which the told finish is compared with the real one; before, a pace is mostly
 * chance.
 */
const SHARES = [0.25, 0.5, 0.75] as const;

/** |told rest - real rest| / real rest at each share; null: no finish was told. */
export function looksOf(told: readonly Told[]): Array<number | null> {
  const { ran: first, rest: all } = told[0]!;
  return SHARES.map((share) => {
    const at = told.findLast(({ ran }) => ran - first <= share * all)!;
    const isTold = at.seconds !== null && !at.isLeast;
    return isTold ? Math.abs(at.seconds! - at.rest) / at.rest : null;
  });
}

/** Whether the truth lies in the told range, for each moment at which a finish is told. */
export const hitsOf = (told: readonly Told[]): boolean[] =>
  told
    .filter(({ seconds, isLeast }) => seconds !== null && !isLeast)
    .map(({ seconds, rest, margin }) => Math.abs(seconds! - rest) <= margin);

export const errorsOf = (told: readonly Told[]): number[] =>
  looksOf(told).filter((error) => error !== null);
