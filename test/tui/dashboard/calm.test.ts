/** The screen is calm: nothing moves by itself, and what is on it keeps its place. */
import { expect, test } from "vitest";
import type { ForecastReply } from "../../../protocol/replies.js";
import { NO_COUNTS } from "../../../protocol/watch.js";
import type { State } from "../../../tui/dashboard/core/model.js";
import { after, answerTo, changed, opened, screenText } from "./core.js";
import { ago, backup, backupDone, NOW, queued, scanning } from "./operations.js";

const WIDE = { size: { columns: 160, rows: 50 } };
const rows = (state: State) => screenText(state).split("\n");
const later = (state: State, seconds: number) =>
  after(state, { type: "ticked", now: state.now + seconds * 1000 });

test("the bar of an unknown share stands still", () => {
  const silent = { ...backup({ progress: null, percent: 0 }), label: "silent" };
  const state = opened([silent, scanning()], WIDE);
  // The list alone: a stage under way grows on the axis of time.
  const barOf = (at: State) => rows(at).map((row) => row.slice(0, 60).replace(/[^━╸─]/g, ""));
  expect(barOf(later(state, 1))).toEqual(barOf(state));
  expect(rows(state).join("\n")).not.toMatch(/[█░]/);
});

/** Columns at which the facts of the header stand. */
const places = (state: State) =>
  Object.fromEntries(
    ["● ", "○ ", "slots", "cpu", "mem", "03:0"].map((fact) => [
      fact,
      rows(state)[0]!.indexOf(fact),
    ]),
  );

test.each([200, 160, 120, 80])(
  "at %i columns the facts of the header keep their places",
  (columns) => {
    const counts = { ...NO_COUNTS, running: 2, queued: 9, succeeded: 4, failed: 2 };
    const start = opened([backup(), queued(), scanning(), backupDone({ id: "done" })], {
      size: { columns, rows: 40 },
      counts,
    });
    const usage = { cpu: 1.43, rssBytes: 1, processes: 1 };
    const measured = later(after(start, changed(backup().id, { usage })), 1);
    const emptyAt = new Date(NOW + 700_000).toISOString();
    const forecast = { emptyAt, operations: {} } as unknown as ForecastReply;
    const told = after(start, answerTo("forecast", forecast));
    const more = {
      ...start,
      view: { ...start.view, counts: { ...counts, running: 12, queued: 98 } },
    };
    for (const state of [measured, told, more]) expect(places(state)).toEqual(places(start));
  },
);

test("the processor load keeps its last figure until a new operation has a sample", () => {
  const usage = { cpu: 0.5, rssBytes: 1, processes: 1 };
  const measured = later(
    opened([{ ...backup(), usage }], { ...WIDE, counts: { ...NO_COUNTS, running: 1 } }),
    1,
  );
  expect(rows(measured)[0]).toContain("50%");
  const unmeasured = later(after(measured, changed(backup().id, { usage: null })), 1);
  expect(rows(unmeasured)[0]).toContain("50%");
});

test("the rate of what stands still is 0 after ten seconds", () => {
  const start = opened([scanning({ updatedAt: ago(0) })], WIDE);
  expect(screenText(later(start, 9))).toContain("120.4 pages/s");
  expect(screenText(later(start, 12))).toContain("0 pages/s");
});
