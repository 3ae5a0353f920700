/** The verdict of the benchmark's gate on a row. */
import { describe, expect, test } from "vitest";
import { boundsFrom, type GateRow, judge, lower } from "../../bench/gate/bounds.js";

const bounds = { calls: { was: 100, bound: 105 }, builtins: ["net", "stream"] };
const rows = (calls: number, names = ["net", "stream"]): GateRow[] => [
  { name: "calls", value: calls, room: 0.05, detail: "statx 40.0" },
  { name: "builtins", names },
];
const failures = (measured: GateRow[], mustMeasure = false) =>
  judge(measured, bounds, { mustMeasure })
    .filter(({ outcome }) => outcome === "FAILED")
    .map(({ text }) => text);

describe("a row of the gate", () => {
  test.each([
    ["at its bound", rows(105)],
    ["better than before", rows(20, ["net"])],
  ])("passes %s", (_what, measured) => {
    expect(failures(measured)).toEqual([]);
  });

  test.each([
    ["over its bound", rows(106), "calls: 106, bound 105 (was 100); statx 40.0"],
    ["that is not a number", rows(Number.NaN), "calls: NaN, bound 105 (was 100); statx 40.0"],
    ["with a new name in its list", rows(100, ["net", "zlib"]), "builtins: zlib, not in the list of 2"],
    ["that no measure has", rows(100).slice(1), "calls: no measure has this row"],
    ["without a bound", [...rows(100), { name: "new", value: 1, room: 0 }], "new: 1, no bound"],
  ])("fails %s", (_what, measured, text) => {
    expect(failures(measured)).toEqual([text]);
  });

  test("that could not be measured fails only where it must be measured", () => {
    const skipped: GateRow[] = [{ name: "calls", skipped: "strace is missing" }, rows(0)[1]!];
    expect(failures(skipped)).toEqual([]);
    expect(failures(skipped, true)).toEqual(["calls: strace is missing"]);
  });

  test("has the lower figure of two runs", () => {
    expect(lower(rows(106), rows(90))).toEqual(rows(90));
    expect(lower(rows(90), rows(106))).toEqual(rows(90));
  });

  test("sets a bound with its room, and a skipped row keeps its bound", () => {
    expect(boundsFrom(rows(80, ["net"]), bounds)).toEqual({
      calls: { was: 80, bound: 84 },
      builtins: ["net"],
    });
    expect(boundsFrom([{ name: "calls", skipped: "strace is missing" }], bounds)).toEqual({
      calls: bounds.calls,
    });
  });
});
