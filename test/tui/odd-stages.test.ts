/** Stages that bear the names of what every object has, before they are entered. */
import { expect, test } from "vitest";
import { recordLines } from "../../tui/cli/show.js";
import { lanesOfRecords } from "../../tui/dashboard/replay/lanes.js";
import { Story } from "../harness/records.js";

const NAMES = ["constructor", "toString", "__proto__", "valueOf"];
const operation = new Story({ stages: ["Load", ...NAMES] })
  .started()
  .entered("Load", 0)
  .left("Load", 0)
  .record();

test("show has them as stages that were not entered", () => {
  const lines = recordLines(operation, {
    paint: (_, text) => text,
    now: Date.parse(operation.createdAt),
  });
  for (const name of NAMES) expect(lines.map((line) => line.trim())).toContain(`○ ${name}`);
});

test("so has the timeline", () => {
  const spans = lanesOfRecords([operation]).lanes.flatMap(({ stage, spans }) =>
    NAMES.includes(stage ?? "") ? spans : [],
  );
  expect(spans).toEqual([]);
});
