/** Plays a series as the daemon does: what was told as odd is known to the later runs. */
import { type Earlier, FEWEST, farOutside } from "../../daemon/features/odd/far-outside.js";
import type { Point } from "./series.js";

/** As many runs as the daemon remembers. */
const REMEMBERED = 200;

/** Runs at which something odd is told. */
export function falseAlarms(points: readonly Point[], isTime: boolean): number[] {
  const earlier: Earlier[] = [];
  const alarms: number[] = [];
  for (const [run, { value, at }] of points.entries()) {
    const isOdd = farOutside(value, at, earlier, isTime) !== null;
    if (isOdd) alarms.push(run);
    earlier.unshift({ value, at, isOdd });
    earlier.splice(REMEMBERED);
  }
  return alarms;
}

const third = (value: number) => (Number.isInteger(value) ? Math.round(value / 3) : value / 3);

/** Real ones, put in the place of a value. */
export const REAL = [
  { name: "a third of the size", isTime: false, change: third },
  { name: "zero rows", isTime: false, change: () => 0 },
  { name: "10 × the time", isTime: true, change: (value: number) => 10 * value },
] as const;

export type Real = (typeof REAL)[number];

/** Whether each run of the series, from the sixth on, would be told with a real one in its place. */
export function foundIn(points: readonly Point[], isTime: boolean, real: Real): boolean[] {
  const earlier: Earlier[] = [];
  return points.flatMap(({ value, at }, run) => {
    const found = farOutside(real.change(value), at, earlier, isTime) !== null;
    const isOdd = farOutside(value, at, earlier, isTime) !== null;
    earlier.unshift({ value, at, isOdd });
    earlier.splice(REMEMBERED);
    return run < FEWEST ? [] : [found];
  });
}
