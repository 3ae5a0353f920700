/** Which values are far outside: the rules of `far-outside.ts`, one by one. */
import { describe, expect, test } from "vitest";
import { type Earlier, farOutside } from "../../../daemon/features/odd/far-outside.js";

/** The oldest first, as a person writes them; `odd`: places of those that were told. */
function earlier(values: readonly number[], odd: readonly number[] = []): Earlier[] {
  return values.map((value, i) => ({ value, isOdd: odd.includes(i) })).reverse();
}
const isOdd = (value: number, history: readonly Earlier[], isTime = false) =>
  farOutside(value, history, isTime) !== null;
const repeated = (value: number, n: number) => Array.from({ length: n }, () => value);

describe("numbers", () => {
  test("a third of the size, zero, and three times the size are odd from the sixth run on", () => {
    const sizes = [1.9e9, 2.1e9, 2e9, 2.05e9, 1.95e9];
    expect(farOutside(0.7e9, earlier(sizes), false)).toEqual({ low: 1.9e9, high: 2.1e9, runs: 5 });
    expect(isOdd(0, earlier(sizes))).toBe(true);
    expect(isOdd(6e9, earlier(sizes))).toBe(true);
    expect(isOdd(1.5e9, earlier(sizes))).toBe(false);
    expect(isOdd(0, earlier(sizes.slice(1)))).toBe(false);
  });

  test("constant values have no spread, and a small difference of a small number is not odd", () => {
    expect(isOdd(2_000_000, earlier(repeated(1_000_000, 20)))).toBe(true);
    expect(isOdd(1_400_000, earlier(repeated(1_000_000, 20)))).toBe(false);
    expect([2, 3, 4, 5].map((value) => isOdd(value, earlier(repeated(1, 20))))).toEqual(
      repeated(0, 4).map(() => false),
    );
    expect(isOdd(0, earlier(repeated(3, 20)))).toBe(false);
    expect(isOdd(0, earlier(repeated(10, 20)))).toBe(true);
  });

  test("zeros: one more or less is not odd, many are", () => {
    expect([1, 4].map((value) => isOdd(value, earlier(repeated(0, 20))))).toEqual([false, false]);
    expect(isOdd(5000, earlier(repeated(0, 20)))).toBe(true);
    expect(isOdd(-5000, earlier(repeated(0, 20)))).toBe(true);
    // Numbers with a fraction have no size before the first one.
    expect(isOdd(0.5, earlier(repeated(0, 20)))).toBe(false);
    // Zeros among others are usual.
    expect(isOdd(0, earlier([...repeated(900, 9), 0, 0, ...repeated(900, 9)]))).toBe(false);
  });

  test("growth and a fall to nothing are not odd, a third of the last value is", () => {
    const growth = Array.from({ length: 20 }, (_, i) => Math.round(1e6 * 1.01 ** i));
    expect(isOdd(Math.round(growth.at(-1)! * 1.01), earlier(growth))).toBe(false);
    expect(isOdd(Math.round(growth.at(-1)! / 3), earlier(growth))).toBe(true);
    const fall = Array.from({ length: 20 }, (_, i) => 200 - 10 * i);
    expect(isOdd(0, earlier(fall))).toBe(false);
  });

  test("fractions count by their size", () => {
    const shares = [0.97, 0.98, 0.96, 0.97, 0.98, 0.97];
    expect(isOdd(0.95, earlier(shares))).toBe(false);
    expect(isOdd(0.31, earlier(shares))).toBe(true);
    expect(isOdd(0, earlier(shares))).toBe(true);
  });

  test("half of the values may be wrong", () => {
    const values = [2e9, 0, 2e9, 2e9, 0, 2e9, 2e9, 5, 2e9, 2e9, 2e9];
    expect(isOdd(2e10, earlier(values))).toBe(true);
    expect(isOdd(2.1e9, earlier(values))).toBe(false);
  });
});

describe("what was told", () => {
  test("an odd value is no example: the next such value is odd too, and the fourth is not", () => {
    const usual = repeated(2e9, 20);
    const after = (n: number) => earlier([...usual, ...repeated(6e8, n)], [20, 21, 22].slice(0, n));
    expect([0, 1, 2, 3].map((n) => isOdd(6e8, after(n)))).toEqual([true, true, true, false]);
    // Another one, farther outside, is.
    expect(isOdd(0, after(3))).toBe(true);
  });

  test("a value that comes and goes is odd three times", () => {
    const week = repeated(1e9, 6);
    const weeks = (n: number) => Array.from({ length: n }, () => [...week, 2e10]).flat();
    const sundays = [6, 13, 20];
    expect(isOdd(2e10, earlier([...weeks(2), ...week], sundays.slice(0, 2)))).toBe(true);
    expect(isOdd(2e10, earlier([...weeks(3), ...week], sundays))).toBe(false);
  });

  test("the usual range leaves out what was told", () => {
    const values = earlier([...repeated(2e9, 6), 0, ...repeated(2e9, 2)], [6]);
    expect(farOutside(5e8, values, false)).toEqual({ low: 2e9, high: 2e9, runs: 8 });
  });
});

describe("times", () => {
  const minutes = [60, 62, 58, 61, 60, 64];
  test("ten times as long is odd, as short as it may be is not", () => {
    expect(isOdd(600, earlier(minutes), true)).toBe(true);
    expect(isOdd(150, earlier(minutes), true)).toBe(false);
    expect(isOdd(0.1, earlier(minutes), true)).toBe(false);
  });

  test("a difference of less than five seconds is not odd", () => {
    const short = repeated(0.2, 10);
    expect(isOdd(4.9, earlier(short), true)).toBe(false);
    expect(isOdd(6, earlier(short), true)).toBe(true);
  });
});
