/** What the benchmark's gate lets pass. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { boundsFrom, hold, isFailed, lower } from "../../bench/gate/gate.js";
import { type Rows, rowOf } from "../../bench/harness/rows.js";

const bounds = { calls: { was: 100, room: 0.05 } };
const row = (name: string, value: number, beside = {}) =>
  rowOf("gate", name, "calls", null, [value], beside);
const absent = { measure: "gate", name: "all other rows", absent: "strace is missing" };
const failures = (rows: Rows) =>
  hold(rows, bounds)
    .filter(isFailed)
    .map((failed) => ("absent" in failed ? `${failed.name}: ${failed.absent}` : failed.name));

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("a row of the gate", () => {
  test.each([
    ["at its bound", row("calls", 105)],
    ["better than before", row("calls", 20)],
    ["with a ratio at its bound", row("calls", 210, { "node -e 0": [2] })],
  ])("passes %s", (_what, measured) => {
    expect(failures([measured])).toEqual([]);
  });

  test.each([
    ["over its bound", [row("calls", 106)], "calls"],
    ["that is not a number", [row("calls", Number.NaN)], "calls"],
    ["that no measure has", [], "calls: no measure has this row"],
    ["without a bound", [row("calls", 1), row("new", 1)], "new: no bound"],
    [
      "of a measure that failed",
      [{ ...absent, isFault: true }],
      "all other rows: strace is missing",
    ],
  ])("fails %s", (_what, rows, text) => {
    expect(failures(rows)).toEqual([text]);
  });

  test("has its bound as its goal", () => {
    expect(hold([row("calls", 1)], bounds)).toMatchObject([{ goal: "≤ 105 calls" }]);
    expect(hold([row("calls", 1, { other: [1] })], bounds)).toMatchObject([{ goal: "≤ 105 ×" }]);
  });

  test("that could not be measured here fails only where it must be measured", () => {
    vi.stubEnv("CI", "");
    expect(failures([absent])).toEqual([]);
    vi.stubEnv("CI", "true");
    expect(failures([absent])).toEqual(["all other rows: strace is missing"]);
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
