/**
 * An operation inside of a stage, as a worker sees it: queued first, with records from the daemon.
 */
import { LiveOperation, type Progress } from "liveops";
import { expect, it } from "vitest";
import type { ChildRunner, ChildWatch } from "../../../ops/attempt/children.js";
import { runAttempt } from "../../../ops/attempt/run-attempt.js";
import type { OperationCtor } from "../../../ops/types/read-type.js";
import type { Operation } from "../../../protocol/operation.js";
import { submittedRecord } from "../../../protocol/reduce.js";
import { FakeClock } from "../../harness/testing/index.js";
import { ArraySink, anOrder, TestStop } from "../../ops/attempt/array-sink.js";

const submitted = submittedRecord(
  {
    id: "child",
    op: "train",
    title: "Train",
    label: null,
    cwd: "/",
    params: {},
    stages: ["Fit", "Save"],
    chain: { id: "child", index: 0, previous: null, next: null },
  },
  "2026-01-01T00:00:00.000Z",
  0,
);

/** Runs the block in the stage `Build`, beside operations that tell what the script tells. */
async function attempt(
  block: (p: Progress) => unknown,
  script: (watch: ChildWatch, n: number, clock: FakeClock) => Promise<Partial<Operation>>,
  stop = new TestStop(),
) {
  const clock = new FakeClock();
  const sink = new ArraySink();
  let n = 0;
  const children: ChildRunner = {
    run: async (_call, _place, watch) => ({
      ...submitted,
      state: "succeeded",
      ...(await script(watch, ++n, clock)),
    }),
  };
  const Type = class extends LiveOperation {
    static op = "outer";
    static stages = ["Build"];
    async run(p: Progress) {
      await p.stage("Build", () => block(p));
    }
  } as unknown as OperationCtor;
  const outcome = await runAttempt(Type, anOrder({ stages: ["Build"] }), sink, stop, null, {
    clock,
    children,
  });
  return { outcome, sink, clock };
}

const running = { ...submitted, state: "running", queuePosition: null } as const;
const queued = { ...submitted, queue: "gpu", queuePosition: 2 };

it("leaves the time before its start out of the duration, and tells of it in its status", async () => {
  const { sink } = await attempt(
    (p) => p.operation("train"),
    async ({ onRecord }, _, clock) => {
      onRecord(queued);
      await clock.advance(5000);
      onRecord(running);
      await clock.advance(3000);
      return {};
    },
  );
  expect(sink.of("stage:left")).toMatchObject([{ seconds: 3 }]);
  expect(sink.of("stage:waits")).toMatchObject([
    { stage: "Build", waits: true, seconds: 0.2 },
    { stage: "Build", waits: false, seconds: 5 },
  ]);
  expect(sink.of("status:changed").map(({ status }) => status.text)).toEqual([
    "waits for a slot of gpu",
    "Train",
    "",
  ]);
});

it("counts the time of a stage in which another step works", async () => {
  const first = Promise.withResolvers<Partial<Operation>>();
  const { sink } = await attempt(
    (p) =>
      p.parallel(
        { one: (s) => s.operation("train"), two: (s) => s.operation("train") },
        { atOnce: 2 },
      ),
    async ({ onRecord }, n, clock) => {
      onRecord(n === 1 ? running : queued);
      if (n === 1) return first.promise;
      await clock.advance(4000);
      first.resolve({});
      await clock.advance(0);
      await clock.advance(2000);
      onRecord(running);
      await clock.advance(1000);
      return {};
    },
  );
  const steps = sink.of("step:finished").map(({ step, seconds }) => [step, seconds]);
  expect(Object.fromEntries(steps)).toEqual({ one: 4, two: 1 });
  expect(sink.of("stage:left")).toMatchObject([{ seconds: 5 }]);
});

it("shows the part of all stages that is done as the bar of the stage", async () => {
  const { sink } = await attempt(
    (p) => p.operation("train"),
    async ({ onRecord }, _, clock) => {
      const stageStates = { Fit: "done", Save: "active" } as const;
      onRecord({
        ...running,
        currentStage: 1,
        stageStates,
        percent: 50,
        status: { text: "disk 2", level: "warning" },
      });
      await clock.advance(200);
      return {};
    },
  );
  expect(sink.of("progress:changed")[0]).toMatchObject({
    percent: 75,
    progress: { unit: "%", done: 75 },
  });
  expect(sink.of("status:changed")).toMatchObject([
    { status: { text: "Save: disk 2", level: "warning" } },
    { status: { text: "" } },
  ]);
});

it("says that somebody cancelled it, and keeps the code of its error", async () => {
  const cancelled = await attempt(
    (p) => p.operation("train"),
    async () => ({ state: "cancelled" }),
  );
  expect(cancelled.outcome.error).toMatchObject({
    code: "LIVEOPS_CHILD_CANCELLED",
    message: "Train (child) was cancelled",
  });
  const place = { file: "/p/train.yaml", line: 3 };
  const error = {
    code: "LIVEOPS_TIMEOUT",
    message: "too long",
    stack: null,
    place,
    command: "fit",
  };
  const late = await attempt(
    (p) => p.operation("train"),
    async () => ({
      state: "failed",
      error,
      stageStates: { Fit: "failed" },
    }),
  );
  expect(late.outcome.error).toEqual({ ...error, message: "Build › Fit: too long" });
});

it("is cancelled with the attempt, whose code gets an OperationCancelled", async () => {
  const stop = new TestStop();
  const { outcome } = await attempt(
    (p) => p.operation("train"),
    async ({ signal }) => {
      const stopped = new Promise((resolve) => signal.addEventListener("abort", resolve));
      stop.abort("cancel");
      await stopped;
      return { state: "cancelled" };
    },
    stop,
  );
  expect(outcome.state).toBe("cancelled");
});
