/** The steps of a stage on the exported page: in the table of stages and in the timeline. */
import { expect, test } from "vitest";
import type { Course } from "../../../tui/describe/course.js";
import { stageTable } from "../../../tui/features/export/sections.js";
import { timeline } from "../../../tui/features/export/timeline.js";
import { backupDone, doneStep, step } from "../../tui/dashboard/operations.js";

const failed = step("<b>", {
  state: "failed",
  finishedAt: "2026-01-02T03:04:05.000Z",
  seconds: 2,
  reason: "exit 1\nmore",
});
const record = backupDone({
  steps: { Archive: [doneStep("a"), failed] },
  stepCounts: { Archive: { total: 40, done: 39, failed: 1 } },
});

test("a step is a row below its stage with why it failed, and the others are counted", () => {
  const rows = stageTable(record)!.text.split("<tr ").slice(1);
  expect(rows.map((row) => /<th scope="row">(.*?)<\/th>/.exec(row)?.[1])).toEqual([
    "Scan",
    "Archive",
    "a",
    "&lt;b&gt;",
    undefined,
    "Checksum",
  ]);
  expect(rows[3]).toContain('class="failed step"');
  expect(rows[3]).toContain('<td class="note">exit 1</td>');
  expect(rows[4]).toContain("38 more done");
});

test("a step is a lane below its stage", () => {
  const span = { from: 1, to: 5, look: "done" } as const;
  const lanes = [undefined, "a"].map((name) => ({
    stage: "Archive",
    isTracked: true,
    spans: [{ ...span }],
    ...(name !== undefined && { step: name }),
  }));
  const course: Course = { lanes, attempts: [], left: 0 };
  const svg = timeline([[record, course]])!.text;
  expect(svg).toMatch(/<text class="stage" x="14" y="\d+">Archive<\/text>/);
  expect(svg).toMatch(/<text class="step" x="28" y="\d+">a<\/text>/);
});
