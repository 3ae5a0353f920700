/** The steps of a stage as rows. */
import { expect, test } from "vitest";
import type { Operation, Step } from "../../../protocol/operation.js";
import type { StageState } from "../../../protocol/stage-state.js";
import { stepFacts, stepsOf } from "../../../tui/describe/steps.js";

const AT = "2026-01-02T03:04:05.000Z";
const step = (name: string, more: Partial<Step> = {}): Step => ({
  name,
  state: "done",
  percent: 100,
  progress: null,
  status: null,
  startedAt: AT,
  finishedAt: AT,
  seconds: 2,
  resumed: false,
  exitCode: null,
  reason: null,
  ...more,
});

const names = (
  record: Pick<Operation, "steps" | "stepCounts">,
  most?: number,
  state: StageState = "active",
) => {
  const { rows, others } = stepsOf({ ...record, stageStates: { Check: state } }, "Check", most);
  return [rows.map(({ name }) => name).join(" "), others];
};

test("few steps are all rows, and those that wait are counted", () => {
  expect(
    names({
      steps: { Check: [step("a"), step("b")] },
      stepCounts: { Check: { total: 5, done: 2 } },
    }),
  ).toEqual(["a b", "3 wait"]);
  expect(names({})).toEqual(["", ""]);
});

test("of a stage that has ended, no step waits", () => {
  const record = {
    steps: { Check: [step("a", { state: "failed" })] },
    stepCounts: { Check: { total: 3, failed: 1 } },
  };
  expect(names(record, 9, "failed")).toEqual(["a", "2 did not start"]);
});

test("of many, those that failed and those that run stay, in their order, and the others are counted", () => {
  const steps = [
    step("done 1"),
    step("bad", { state: "failed" }),
    step("done 2"),
    step("runs", { state: "active", seconds: null, finishedAt: null }),
    step("done 3"),
    step("ended", { state: "ended" }),
  ];
  const stepCounts = { Check: { total: 10_000, done: 9990, failed: 1, ended: 1 } };
  expect(names({ steps: { Check: steps }, stepCounts }, 3)).toEqual([
    "bad runs ended",
    "9,990 done, 7 wait",
  ]);
  expect(names({ steps: { Check: steps }, stepCounts }, 1)).toEqual([
    "bad",
    "1 active, 9,990 done, 1 ended, 7 wait",
  ]);
});

const PLAIN = { usage: null, pause: null };

test("the facts of a step are how long, how far and why", () => {
  const now = Date.parse(AT) + 5000;
  const status = { text: "half way", level: "info" } as const;
  const active = { state: "active", percent: 40, status, seconds: null, finishedAt: null } as const;
  expect(stepFacts(step("a", active), now, PLAIN)).toEqual(["5s", "40%", "half way"]);
  expect(stepFacts(step("a", { state: "failed", reason: "broke" }), now, PLAIN)).toEqual([
    "2s",
    "broke",
  ]);
  expect(stepFacts(step("a", { state: "skipped", reason: "no need" }), now, PLAIN)).toEqual([
    "skipped: no need",
  ]);
  expect(stepFacts(step("a", { resumed: true, reason: "done in attempt 1" }), now, PLAIN)).toEqual([
    "done in attempt 1",
  ]);
  // The time of what is paused stands still.
  const pause = { since: new Date(now - 2000).toISOString(), seconds: 0, changes: 1 };
  expect(stepFacts(step("a", active), now, { ...PLAIN, pause })[0]).toBe("3s");
});
