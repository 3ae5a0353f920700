/** Sizes and percentages as programs write them. */
import { expect, test } from "vitest";
import { bytesOf, cutAtPercent, secondsOf } from "../../../ops/features/recognisers/program.js";

test.each([
  ["4.77 MiB", 1000, 5001708],
  ["4.77MB", 1000, 4770000],
  ["320K", 1024, 327680],
  ["320k", 1000, 320000],
  ["1,234,567", 1000, 1234567],
  ["1.234.567", 1000, 1234567],
  ["5,00M", 1000, 5000000],
  ["1,234.5K", 1000, 1234500],
  ["0 B", 1000, 0],
  ["12 bytes", 1000, 12],
  ["1GiB", 1000, 2 ** 30],
] as const)("%s with base %i is %i bytes", (text, base, bytes) => {
  expect(bytesOf(text, base)).toBe(bytes);
});

test.each(["", "B", "1.2.3", "4 apples", "--"])("'%s' is no size", (text) => {
  expect(bytesOf(text)).toBeNull();
});

test("percentages are cut out, but not parts of other words", () => {
  expect(cutAtPercent("a: 45.5 % b")).toEqual({ before: "a: ", percent: 45.5, after: " b" });
  expect(cutAtPercent("at 100% of")?.percent).toBe(100);
  expect(cutAtPercent("x%20y 101% v1.45% 1234% -5%")).toBeNull();
  expect(cutAtPercent("a%20b 45%")?.percent).toBe(45);
});

test("times", () => {
  expect(secondsOf("01:02:03.50")).toBe(3723.5);
  expect(secondsOf("1:02")).toBe(62);
});
