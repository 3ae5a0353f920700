/** The lanes of a run: its stages, and the steps below them. */
import { expect, test } from "vitest";
import type { OperationEvent } from "../../../protocol/event.js";
import { CourseReader } from "../../../tui/describe/course.js";

type Body<F = OperationEvent> = F extends unknown ? Omit<F, "seq" | "at" | "attempt"> : never;

function lanesOf(bodies: readonly Body[]): string[] {
  const reader = new CourseReader(["Check", "Ship"]);
  bodies.forEach((body, i) => {
    const at = new Date(i).toISOString();
    reader.add({ seq: i + 1, at, attempt: 1, ...body } as OperationEvent);
  });
  return reader.lanes.map(({ stage, step, spans }) =>
    [
      [stage, step].filter(Boolean).join("/"),
      ...spans.map(({ from, to, look }) => `${from}-${to} ${look}`),
    ].join(" "),
  );
}

const enter = (step: string): Body => ({ type: "step:entered", stage: "Check", step, total: 3 });
const finish = (step: string, state: "done" | "failed", resumed = false): Body => ({
  type: "step:finished",
  stage: "Check",
  step,
  state,
  resumed,
  seconds: 1,
});
const BEGIN: Body[] = [{ type: "attempt:started" }, { type: "stage:entered", stage: "Check", index: 0 }];

test("a step is a lane below its stage, before the next stage", () => {
  const left: Body = {
    type: "stage:left",
    stage: "Check",
    index: 0,
    state: "failed",
    resumed: false,
    seconds: 5,
  };
  expect(
    lanesOf([
      ...BEGIN,
      enter("b"),
      enter("a"),
      finish("a", "done", true),
      finish("b", "failed"),
      enter("late"),
      left,
    ]),
  ).toEqual([
    " 0-null running",
    "Check 1-7 failed",
    "Check/b 2-5 failed",
    "Check/a 3-4 kept",
    "Check/late 6-7 ended",
    "Ship",
  ]);
});

test("the steps of a worker that died end with it, and a step of the next attempt has a second span", () => {
  const requeued: Body = { type: "attempt:requeued", reason: "its worker died", retryAt: null };
  expect(lanesOf([...BEGIN, enter("a"), requeued, ...BEGIN, enter("a")])).toEqual([
    " 0-3 requeued 3-4 waiting 4-null running",
    "Check 1-3 failed 5-null active",
    "Check/a 2-3 failed 6-null active",
    "Ship",
  ]);
});
