/** What stays on the main screen. */
import { expect, test } from "vitest";
import { farewellOf } from "../../../tui/dashboard/core/farewell.js";
import { columnsOf } from "../../../tui/kit/output/width.js";
import { opened as open } from "./core.js";
import { ago, backup, backupDone, failed, NOW } from "./operations.js";

const BEGAN = NOW - 60_000;
const SIZE = { columns: 120, rows: 40 };

test("two lines tell what ended while somebody watched, the failures first, and how to see it", () => {
  const state = open(
    [
      backupDone({ id: "olderaaaaaaa", finishedAt: ago(61), label: "older" }),
      backupDone({ id: "goodaaaaaaaa", finishedAt: ago(10), seconds: 130, label: "nightly" }),
      failed({ id: "badaaaaaaaaa", finishedAt: ago(20), seconds: 31, label: "lint\x1b[2J" }),
      backup({ id: "runsaaaaaaaa" }),
    ],
    { size: SIZE },
  );
  expect(farewellOf(state, BEGAN)).toEqual([
    "Ended while you watched: ✗ lint\\x1b[2J 31s  ✓ nightly 2m10s; 1 still runs",
    "To see it: liveops why badaaaaaaaaa; all of them: liveops ls",
  ]);
});

test("nothing is told where nothing ended, and many fit into the width", () => {
  const one = open([backup({}), backupDone({ finishedAt: ago(61) })], { size: SIZE });
  expect(farewellOf(one, BEGAN)).toEqual([]);
  const many = Array.from({ length: 150 }, (_, i) =>
    backupDone({ id: `many${String(i).padStart(8, "a")}`, finishedAt: ago(5), label: `run ${i}` }),
  );
  const [line, next] = farewellOf(open(many, { size: { columns: 80, rows: 24 } }), BEGAN);
  expect(line).toMatch(/^Ended while you watched: ✓ run \d+.* and \d+ more$/);
  expect(columnsOf(line!)).toBeLessThanOrEqual(80);
  expect(next).toContain("liveops show many");
});
