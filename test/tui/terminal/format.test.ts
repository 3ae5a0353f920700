/** Formatted durations, bytes, rates, counts and percentages. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatAge } from "../../../tui/kit/output/time.js";
import {
  formatAmount,
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatRate,
} from "../../../tui/terminal/format.js";
import { formatLeft, formatMargin, longLeft, shortLeft } from "../../../tui/terminal/time-left.js";

test.each([
  [0, "0s"],
  [0.0004, "1ms"],
  [0.02, "20ms"],
  [0.0999, "0.1s"],
  [0.42, "0.4s"],
  [9.96, "10s"],
  [59.4, "59s"],
  [59.6, "1m00s"],
  [65, "1m05s"],
  [3720, "1h02m"],
  [273_600, "3d04h"],
  [Number.NaN, "?"],
  [-3, "0s"],
])("%d seconds are %s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test("the time left is never 0", () => {
  expect([0.1, 0, -5].map(formatLeft)).toEqual(["1s", "1s", "1s"]);
  expect(shortLeft({ seconds: null, isLeast: true })).toBe("");
  expect(shortLeft({ seconds: 12.1, isLeast: false })).toBe("~13s");
  expect(longLeft({ seconds: 12.1, isLeast: true })).toBe("≥13s left");
});

test("a range is told from a second on", () => {
  expect([0.2, 2, 65].map(formatMargin)).toEqual(["", " ±2s", " ±1m05s"]);
});

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [10 * 1024, "10 KiB"],
  [1024 * 1024 - 1, "1.0 MiB"],
  [1.5 * 1024 ** 3, "1.5 GiB"],
])("%d bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test("a figure of bytes never needs more than four digits", () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 50 }), (bytes) =>
      /^\d{1,4}(\.\d)? [KMGTP]?i?B$/.test(formatBytes(bytes)),
    ),
  );
});

test.each([
  [1234567, "1,234,567"],
  [999.96, "1,000"],
  [12.34, "12.3"],
  [0.256, "0.26"],
  [-1234, "-1,234"],
])("%d counts as %s", (value, text) => {
  expect(formatCount(value)).toBe(text);
});

test("units", () => {
  expect(formatRate(2048, "B")).toBe("2.0 KiB/s");
  expect(formatRate(2048, "byte")).toBe("2.0 KiB/s");
  expect(formatRate(120, "row")).toBe("120 rows/s");
  expect(formatRate(1.5)).toBe("1.5/s");
  expect(formatAmount(3, 10, "row")).toBe("3/10 rows");
  expect(formatAmount(1024, 2048, "B")).toBe("1.0 KiB/2.0 KiB");
  expect(formatAmount(3, null, "row")).toBe("3 rows");
  expect(formatAmount(0, 1, "row")).toBe("0/1 row");
  expect(formatAmount(29, null, "entry")).toBe("29 entries");
  expect(formatAmount(2, null, "branch")).toBe("2 branches");
  expect(formatAmount(5, null, "tests")).toBe("5 tests");
  expect(formatAmount(7, 9, "km")).toBe("7/9 km");
  expect(formatAmount(45, 100, "%")).toBe("");
});

test("100 % means done", () => {
  expect(formatPercent(99.99)).toBe("99%");
  expect(formatPercent(100)).toBe("100%");
  expect(formatPercent(101)).toBe("100%");
  expect(formatPercent(40.9, true)).toBe("~40%");
});

test("age in its largest unit", () => {
  const at = "2026-01-02T00:00:00.000Z";
  const after = (seconds: number) => formatAge(at, Date.parse(at) + seconds * 1000);
  expect([5, 300, 7200, 200_000].map(after)).toEqual(["5s", "5m", "2h", "2d"]);
  expect(after(-5)).toBe("0s");
});
