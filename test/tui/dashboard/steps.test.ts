/** Steps in the operation view: what they say, and the room that they take. */
import { expect, test } from "vitest";
import type { Operation, Step } from "../../../protocol/operation.js";
import type { State } from "../../../tui/dashboard/core/model.js";
import { detailPlan } from "../../../tui/dashboard/pages/operation/detail-plan.js";
import { announce } from "../../../tui/features/reader/announce.js";
import { after, changed, opened, press, screenText } from "./core.js";
import { ago, backup, backupDone, step } from "./operations.js";

const SIZE = { columns: 160, rows: 50 };
const ID = "backupaaaaaa";

/** Those that are not listed are done. */
const withSteps = (steps: readonly Step[], total = steps.length, over: Partial<Operation> = {}) => {
  const ended = Object.groupBy(
    steps.filter(({ state }) => state !== "active"),
    ({ state }) => state,
  );
  const counts = Object.fromEntries(
    Object.entries(ended).map(([state, list]) => [state, list.length]),
  );
  const done = (counts.done ?? 0) + total - steps.length;
  const stepCounts = { Archive: { total, ...counts, ...(done > 0 && { done }) } };
  return backup({ steps: { Archive: [...steps] }, stepCounts, ...over });
};

const patched = (state: State, steps: Step[]): State =>
  after(state, changed(ID, { seq: 50, steps: { Archive: steps } }));

test("the rows of the steps are in the plan, so that the log keeps its rows", () => {
  const steps = Array.from({ length: 200 }, (_, i) => step(`s${i}`));
  for (const [columns, rows] of [
    [160, 50],
    [100, 30],
    [80, 24],
    [40, 15],
  ] as const) {
    const state = press(
      opened([{ ...withSteps(steps), logLines: 90 }], { size: { columns, rows } }),
      "return",
    );
    expect(detailPlan(state).logHeight, `${columns}x${rows}`).toBeGreaterThanOrEqual(5);
    expect(screenText(state)).toMatch(/200 active|⋮ 9 more/);
  }
});

test("an operation that has ended tells the time that was saved, beside the time that it took", () => {
  const times = { startedAt: ago(75), finishedAt: ago(74), resumed: false, seconds: 1 };
  const done = backupDone({
    stageStates: { Scan: "up-to-date", Archive: "done", Checksum: "done" },
    stageTimes: { Scan: { ...times, saved: 42 }, Archive: { ...times, saved: 20 } },
  });
  const size = (columns: number) => ({ size: { columns, rows: 24 } });
  expect(screenText(opened([done], size(80)))).toContain("1m10s · saved 1m02s");
  const none = screenText(opened([backupDone()], size(80)));
  expect(none).toContain("nightly 1m10s");
  expect(none).not.toContain("saved");
});

test("a screen reader hears which steps failed, each once", () => {
  const failed = (name: string) => step(name, { state: "failed", reason: `${name} broke` });
  const none = opened([withSteps([step("a"), step("b")])], { size: SIZE });
  const one = patched(none, [failed("a"), step("b")]);
  expect(announce(none, one, null)).toEqual(["Back up a folder, nightly: step a failed: a broke."]);
  expect(announce(one, patched(one, [failed("a"), step("b", { percent: 4 })]), null)).toEqual([]);
  const many = patched(
    one,
    ["a", "b", "c", "d", "e", "f"].map((name) => failed(name)),
  );
  expect(announce(one, many, null)).toHaveLength(5);
  expect(announce(one, many, null).at(-1)).toBe("Back up a folder, nightly: 1 more.");
});
