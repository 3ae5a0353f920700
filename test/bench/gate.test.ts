/** The verdict of the benchmark's gate on a row. */
import { describe, expect, test } from "vitest";
import { boundsFrom, judge, lower } from "../../bench/gate/gate.js";
import { rowOf } from "../../bench/harness/rows.js";

const bounds = { calls: { was: 100, room: 0.05 } };
const row = (name: string, value: number, beside = {}) => ({
  ...rowOf("gate", name, "", null, [value], beside),
  detail: "statx 40.0",
});
const absent = { measure: "gate", name: "all other rows", absent: "strace is missing" };
const failures = (rows: Parameters<typeof judge>[0], mustMeasure = false) =>
  judge(rows, bounds, { mustMeasure }).filter((text) => text.startsWith("FAILED"));

describe("a row of the gate", () => {
  test.each([
    ["at its bound", 105],
    ["better than before", 20],
  ])("passes %s", (_what, value) => {
    expect(failures([row("calls", value)])).toEqual([]);
  });

  test.each([
    ["over its bound", [row("calls", 106)], "FAILED   calls: 106, bound 105 (was 100); statx 40.0"],
    [
      "that is not a number",
      [row("calls", Number.NaN)],
      "FAILED   calls: NaN, bound 105 (was 100); statx 40.0",
    ],
    ["that no measure has", [], "FAILED   calls: no measure has this row"],
    ["without a bound", [row("calls", 1), row("new", 1)], "FAILED   new: 1, no bound"],
  ])("fails %s", (_what, rows, text) => {
    expect(failures(rows)).toEqual([text]);
  });

  test("counts its ratio where it has a reference", () => {
    expect(failures([row("calls", 200, { "node -e 0": [2] })])).toEqual([]);
  });

  test("that could not be measured fails only where it must be measured", () => {
    expect(failures([absent])).toEqual([]);
    expect(failures([absent], true)).toEqual(["FAILED  all other rows: strace is missing"]);
  });

  test("has the lower figure of two runs", () => {
    const [high, low] = [[row("calls", 106)], [row("calls", 90)]];
    expect(lower(high, low)).toEqual(low);
    expect(lower(low, high)).toEqual(low);
  });

  test("sets a bound and keeps its room; a row that could not be measured keeps its bound", () => {
    expect(boundsFrom([row("calls", 80)], bounds)).toEqual({ calls: { was: 80, room: 0.05 } });
    expect(boundsFrom([row("new", 80)], bounds)).toEqual({ new: { was: 80, room: 0.2 } });
    expect(boundsFrom([absent], bounds)).toEqual(bounds);
  });
});
