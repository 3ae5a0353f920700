/** Stages named like a property of every object, before they are entered. */
import { expect, test } from "vitest";
import { recordLines } from "../../tui/cli/show/record-lines.js";
import { pictureOf } from "../../tui/dashboard/core/time/lanes.js";
import { Story } from "../harness/records.js";
import { opened } from "./dashboard/core.js";

const NAMES = ["constructor", "toString", "__proto__", "valueOf"];
const operation = new Story({ stages: ["Load", ...NAMES] })
  .started()
  .entered("Load", 0)
  .left("Load", 0)
  .record();

test("show lists them as stages that were not entered", () => {
  const lines = recordLines(operation, {
    paint: (_, text) => text,
    now: Date.parse(operation.createdAt),
  });
  for (const name of NAMES) expect(lines.map((line) => line.trim())).toContain(`○ ${name}`);
});

test("the waterfall lists them too", () => {
  const state = opened([operation]);
  const { lanes } = pictureOf(state, operation, [operation]);
  const odd = lanes.filter(({ name }) => NAMES.includes(name));
  expect(odd.map(({ spans }) => spans.length)).toEqual([0, 0, 0, 0]);
});
