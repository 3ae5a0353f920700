/** Resource limits: parsing, checks and display. */
import { expect, test } from "vitest";
import {
  effectiveLimits,
  limitProblem,
  limitsText,
  parseSize,
  sizeText,
} from "../../protocol/resource-limits.js";

test.each([
  ["2G", 2 * 1024 ** 3],
  ["512M", 512 * 1024 ** 2],
  ["1.5GiB", 1.5 * 1024 ** 3],
  ["64mb", 64 * 1024 ** 2],
  ["1048576", 1024 ** 2],
  ["", null],
  ["G", null],
  ["-1G", null],
  ["2 gigabytes", null],
])("a size: %s", (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test("sizes and limits as one reads them", () => {
  expect([2 * 1024 ** 3, 1.5 * 1024 ** 3, 64 * 1024 ** 2, 1000].map(sizeText)).toEqual([
    "2 GiB",
    "1.5 GiB",
    "64 MiB",
    "1000 B",
  ]);
  expect(limitsText({ memoryMax: 2 * 1024 ** 3, cpuMax: 1.5, pidsMax: 200 })).toBe(
    "memoryMax 2 GiB, cpuMax 1.5, pidsMax 200",
  );
  expect(limitsText({})).toBe("");
});

test("a limit that leaves no room for the worker is refused", () => {
  expect(limitProblem("memoryMax", 1024 ** 2)).toMatch(/at least 67108864 \(64 MiB\)/);
  expect(limitProblem("pidsMax", 200.5)).toMatch(/whole number/);
  expect(limitProblem("cpuMax", Number.NaN)).toMatch(/number of cores, at least 0.01/);
  expect(limitProblem("cpuMax", "1.5")).not.toBeNull();
  expect([limitProblem("memoryMax", 64 * 1024 ** 2), limitProblem("cpuMax", 1.5)]).toEqual([null, null]);
});

test("the submit's limits come before the type's, each on its own", () => {
  expect(effectiveLimits({ memoryMax: 1, pidsMax: 2 }, { pidsMax: 3 })).toEqual({ memoryMax: 1, pidsMax: 3 });
  expect(effectiveLimits({}, undefined)).toBeUndefined();
  expect(effectiveLimits(undefined, undefined)).toBeUndefined();
});
