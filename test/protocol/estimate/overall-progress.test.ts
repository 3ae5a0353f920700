/** How far an operation is: the share of its time, else of its stages; never the end before it. */
import { expect, test } from "vitest";
import { overallProgress, shareOfTime } from "../../../protocol/estimate/overall-progress.js";
import type { Operation } from "../../../protocol/operation.js";
import { formatOverall } from "../../../tui/terminal/format.js";
import { backup, failed } from "../../tui/dashboard/operations.js";

const left = (seconds: number | null, over: object = {}) => ({
  seconds,
  isLeast: false,
  isOther: false,
  margin: 1,
  ...over,
});

test.each([
  [30, left(70), "30%"],
  [30, left(70, { margin: 11 }), "~30%"],
  [30, left(70, { isOther: true }), "~30%"],
  [30, left(70, { isLeast: true }), "≥30%"],
  [0, left(70, { isLeast: true }), "…"],
  [1000, left(0.1), "99%"],
])("after %d s with %j to go it is %s of the time", (ran, time, text) => {
  expect(formatOverall(shareOfTime(ran, time)!)).toBe(text);
});

test("no share of the time is known where the time left is not", () => {
  expect(shareOfTime(30, left(null))).toBeNull();
});

const counting = (percent: number) => ({
  percent,
  progress: { ...backup().progress!, done: percent },
});
const uncounted = { percent: 0, progress: null };
const many = Array.from({ length: 200 }, (_, i) => `${i}`);

test.each<[string, Operation, string]>([
  ["counts the stages behind and the part of the one that runs", backup(counting(50)), "50%"],
  [
    "marks a guess",
    backup({ percent: 50, progress: { ...backup().progress!, approximate: true } }),
    "~50%",
  ],
  [
    "passed an allowed failure",
    backup({ stageStates: { Scan: "done", Archive: "allowed-failure" } }),
    "66%",
  ],
  [
    "is its own percent without stages",
    backup({ ...counting(30), stages: [], currentStage: -1 }),
    "30%",
  ],
  [
    "is its own percent before the first stage",
    backup({ ...counting(30), currentStage: -1 }),
    "30%",
  ],
  [
    "takes no bar of an untracked stage",
    backup({ ...counting(90), untrackedStage: "Warm" }),
    "≥33%",
  ],
  ["is at least what is behind", backup(uncounted), "≥33%"],
  [
    "is not known in the first stage",
    backup({ ...uncounted, currentStage: 0, stageStates: {} }),
    "…",
  ],
  [
    "does not miss less than a hundredth",
    backup({ ...uncounted, stages: many, currentStage: 20 }),
    "10%",
  ],
  ["is how far a failed one came", failed(), "56%"],
  ["is not 100 % before the end", backup({ ...counting(100), currentStage: 2 }), "99%"],
  ["is 100 % at the end", backup({ state: "succeeded" }), "100%"],
])("the share of the stages %s", (_, operation, text) => {
  expect(formatOverall(overallProgress(operation))).toBe(text);
});
