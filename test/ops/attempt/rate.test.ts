/** The rate of a bar: from its start, and after a change. */
import { expect, test } from "vitest";
import { Rate } from "../../../ops/attempt/bar.js";

/** The rate after each tenth of a second, where the rows are read off late by one. */
function rates(seconds: number, rowsPerSecond: (at: number) => number): number[] {
  const rate = new Rate();
  rate.at(0, 0);
  const told: number[] = [];
  let done = -1;
  for (let n = 1; n <= seconds * 10; n++) {
    done += rowsPerSecond(n / 10) / 10;
    told.push(rate.at(Math.max(0, Math.floor(done + 1e-9)), n * 100)!);
  }
  return told;
}

test("a first interval with too few rows does not count more than the others", () => {
  const told = rates(10, () => 20);
  expect(told[9]).toBeGreaterThan(18);
  expect(told[29]).toBeGreaterThan(19);
  expect(told[99]).toBeCloseTo(20, 0);
});

test("it follows a change within some seconds", () => {
  const told = rates(40, (at) => (at <= 20 ? 100 : 10));
  expect(told[199]).toBeCloseTo(100, 0);
  expect(told[299]).toBeLessThan(15);
});

test("nothing is told before two reports that lie apart", () => {
  const rate = new Rate();
  expect([rate.at(0, 0), rate.at(1, 10), rate.at(2, 100)]).toEqual([null, null, 20]);
});
