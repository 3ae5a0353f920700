/** The numbers of an operation, and the text of odd ones. */
import { expect, test } from "vitest";
import { numbersOf } from "../../../daemon/features/odd/numbers.js";
import { oddText } from "../../../protocol/text/odd-text.js";

const BARE = { stages: [], stageStates: {}, stageTimes: {}, progress: null, seconds: null };
type Given = Partial<Parameters<typeof numbersOf>[0]> & { result?: unknown };
const told = ({ result = null, ...more }: Given) =>
  Object.fromEntries(
    [...numbersOf({ ...BARE, ...more }, result)].map(([name, { value, unit }]) => [
      name,
      [value, unit],
    ]),
  );

test("results and outputs that are numbers count, with the unit that their name has", () => {
  expect(told({ result: 12 })).toEqual({ result: [12, undefined] });
  expect(
    told({
      result: {
        rows: 3,
        archiveBytes: 7,
        name: "x",
        ok: true,
        list: [1],
        by: { host: 4, deep: { er: 1 } },
      },
    }),
  ).toEqual({
    rows: [3, undefined],
    archiveBytes: [7, "bytes"],
    "by.host": [4, undefined],
  });
  const pipeline = {
    exitCode: 0,
    stages: { a: { seconds: 9 } },
    outputs: { size: "1732", at: "12 MB", list: ["1"], share: "-0.5" },
  };
  expect(told({ result: pipeline })).toEqual({ size: [1732, undefined], share: [-0.5, undefined] });
  expect(told({ result: { exitCode: 0, signal: null, seconds: 3 } })).toEqual({});
});

test("a stage tells its items and its time, unless it was skipped or is from an earlier attempt", () => {
  const at = { startedAt: "", finishedAt: "", resumed: false };
  const items = { done: 40, unit: "row" };
  expect(
    told({
      stages: ["Load", "Copy", "Kept", "Skipped"],
      stageStates: { Load: "done", Copy: "done", Kept: "done", Skipped: "skipped" },
      stageTimes: {
        Load: { ...at, seconds: 2, items },
        Copy: { ...at, seconds: 1, items: { done: 2048, unit: "B" } },
        Kept: { ...at, seconds: 0, resumed: true, items },
        Skipped: { ...at, seconds: 0 },
      },
      seconds: 3,
    }),
  ).toEqual({
    Load: [40, "row"],
    "Load time": [2, "seconds"],
    Copy: [2048, "bytes"],
    "Copy time": [1, "seconds"],
  });
});

test("an operation without stages tells its bar and its time; there are at most 50 numbers", () => {
  const progress = { done: 9, total: 9, unit: null, label: "Rows", rate: null, etaSeconds: null };
  expect(told({ progress, seconds: 4 })).toEqual({ Rows: [9, undefined], time: [4, "seconds"] });
  expect(told({ progress: { ...progress, unit: "%" } })).toEqual({});
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`n${i}`, i]));
  expect(Object.keys(told({ result: many }))).toHaveLength(50);
  expect(told({ result: { ["x".repeat(200)]: 1, __proto__: null } })).toEqual({});
});

test("value and range have one unit, and few figures", () => {
  const text = (value: number, low: number, high: number, unit?: string) =>
    oddText({ name: "size", value, low, high, runs: 20, ...(unit && { unit }) });
  const gib = 1024 ** 3;
  expect(text(0.7 * gib, 1.9 * gib, 2.1 * gib, "bytes")).toBe(
    "size 0.7 GiB, usually 1.9 to 2.1 GiB",
  );
  expect(text(12, 1.9 * gib, 2.1 * gib, "bytes")).toBe("size 12 B, usually 1.9 to 2.1 GiB");
  expect(text(0, 980, 1020)).toBe("size 0, usually 980 to 1,020");
  expect(text(0, 1000, 1000, "row")).toBe("size 0 rows, usually 1,000 rows");
  expect(text(600, 58, 62.5, "seconds")).toBe("size 10 min, usually 58 to 62.5 s");
  expect(text(0.312, 0.96, 0.9821)).toBe("size 0.31, usually 0.96 to 0.98");
});
