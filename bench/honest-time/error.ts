/** How far what was told is from what came true. */
import type { Told } from "./play.js";

/** Shares of a run at which the told finish is compared with the real one. */
const SHARES = [0.1, 0.25, 0.5, 0.75] as const;

export interface Look {
  readonly share: number;
  /** |told rest - real rest| / real rest; null: no finish was told. */
  readonly error: number | null;
}

export function looksOf(told: readonly Told[]): Look[] {
  const { ran: first, rest: all } = told[0]!;
  return SHARES.map((share) => {
    const at = told.findLast(({ ran }) => ran - first <= share * all)!;
    const isTold = at.seconds !== null && !at.isLeast;
    return { share, error: isTold ? Math.abs(at.seconds! - at.rest) / at.rest : null };
  });
}

/** Moments at which a watcher was told that no time is left. */
export const zeroes = (told: readonly Told[]): number =>
  told.filter(({ seconds }) => seconds !== null && seconds <= 0).length;

/** Moments at which "this long or longer" was more than it took, by more than its range and a tenth of the whole. */
export function wrongLeast(told: readonly Told[]): number {
  const [{ rest: all }] = told as [Told];
  return told.filter(
    ({ seconds, isLeast, margin, rest }) => isLeast && seconds !== null && seconds - margin > rest + all / 10,
  ).length;
}

/** Seconds by which an end may slide without a word, and seconds after the start before which nobody has read one. */
const UNNOTICED = 2;
const READ_FROM = 2;

/** Moments at which the end had slid by more than a third of an earlier rest and its range, and nobody said so. */
export function silentSlides(told: readonly Told[]): number {
  let limit = Number.POSITIVE_INFINITY;
  let slides = 0;
  for (const { seconds, isLeast, ran, margin, isLater } of told) {
    if (seconds === null || isLeast || ran < READ_FROM) continue;
    if (ran + seconds > limit && !isLater) slides++;
    limit = Math.min(limit, ran + seconds + Math.max(seconds / 3, margin, UNNOTICED));
  }
  return slides;
}
