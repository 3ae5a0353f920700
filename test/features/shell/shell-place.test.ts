/**
 * Where `liveops shell` opens: a step is refused only where the record lists all steps of its
 * stage.
 */
import { expect, test } from "vitest";
import type { Step } from "../../../protocol/operation.js";
import { placeOf, stateOf } from "../../../tui/features/shell/place.js";
import { failed } from "../../tui/dashboard/operations.js";

const step = (name: string, state: Step["state"]) => ({ name, state }) as Step;
const withSteps = (total: number) =>
  failed({
    stages: ["M", "N"],
    stageStates: { M: "failed" },
    stepCounts: { M: { total, failed: 1 } },
    steps: { M: [step("s1", "done"), step("s2", "failed")] },
  });

test("the step that failed is taken where none is named", () => {
  expect(placeOf(withSteps(2), undefined)).toEqual({ stage: "M", step: "s2" });
  expect(stateOf(withSteps(2), { stage: "M", step: "s1" })).toBe("done");
});

test("an unknown step is refused, and one of many that are not listed is taken", () => {
  expect(() => placeOf(withSteps(2), "M/s3")).toThrow(
    '"s3" is not a step of the stage "M"; its steps: s1, s2',
  );
  expect(placeOf(withSteps(400), "M/s3")).toEqual({ stage: "M", step: "s3" });
  expect(placeOf(withSteps(2), "N/x")).toEqual({ stage: "N", step: "x" });
});
