/** Allowed failures and skipped stages, as an operation reports them. */
import { LiveOperation, OperationCancelled, type Progress } from "liveops";
import { describe, expect, it } from "vitest";
import { runAttempt } from "../../../ops/attempt/run-attempt.js";
import { runOperation } from "../../harness/testing/index.js";
import { ArraySink, anOrder, TestStop } from "./array-sink.js";

const STAGES = ["Dump", "Upload", "Prune"];

async function attempt(run: (p: Progress, stop: TestStop) => Promise<unknown>) {
  const sink = new ArraySink();
  const stop = new TestStop();
  class Nightly extends LiveOperation {
    static stages = STAGES;
    async run(p: Progress) {
      await run(p, stop);
    }
  }
  const order = anOrder({ title: "Nightly", stages: STAGES });
  const outcome = await runAttempt(Nightly, order, sink, stop, null);
  return { outcome, sink, left: sink.of("stage:left") };
}

describe("an allowed failure", () => {
  it("lets the operation go on, and is in the events and in the log with its causes", async () => {
    const cause = new Error("connection refused");
    const { outcome, sink, left } = await attempt(async (p) => {
      const value = await p.stage(
        "Upload",
        () => Promise.reject(new Error("no remote", { cause })),
        {
          allowFailure: true,
        },
      );
      await p.stage("Prune", () => {});
      p.result({ value: String(value) });
    });
    expect(outcome).toMatchObject({ state: "succeeded", result: { value: "undefined" } });
    expect(left.map(({ stage, state, durable }) => [stage, state, durable])).toEqual([
      ["Upload", "allowed-failure", true],
      ["Prune", "done", true],
    ]);
    expect(left[0]!.error).toMatchObject({
      code: "LIVEOPS_EXCEPTION",
      message: "no remote",
      causes: [{ depth: 0, message: "Error: connection refused" }],
    });
    const lines = sink.lines.flatMap(({ text }) => text.split("\n"));
    expect(lines[0]).toBe('stage "Upload" failed, and its failure is allowed: no remote');
    expect(lines[1]).toContain("stage-outcomes.test.ts");
    expect(lines).toContain("caused by: Error: connection refused");
    // The lines belong to the stage, so they come before its end.
    expect(sink.lines[0]).toMatchObject({ stream: "liveops", stage: "Upload" });
    expect(sink.all.indexOf(sink.lines[0]!.text)).toBeLessThan(sink.all.indexOf("stage:left"));
  });

  it("repeats none of the last lines of a failed program", async () => {
    const { sink } = await attempt((p) =>
      p.stage("Upload", () => p.exec("sh", ["-c", "echo refused; exit 3"]), { allowFailure: true }),
    );
    expect(sink.lines.map(({ stream, text }) => [stream, text.split("\n")[0]])).toEqual([
      ["stdout", "refused"],
      ["liveops", 'stage "Upload" failed, and its failure is allowed: sh exited with 3'],
    ]);
    expect(sink.lines[1]!.text).not.toContain("refused");
  });

  it.each([
    ["OperationCancelled", () => new OperationCancelled(), false, "cancelled", "cancelled"],
    ["any error after a stop request", () => new Error("killed"), true, "failed", "failed"],
  ] as const)("is not %s", async (_, error, stops, stage, state) => {
    const { outcome, left, sink } = await attempt(async (p, stop) => {
      await p.stage(
        "Upload",
        () => {
          if (stops) stop.abort("cancel");
          throw error();
        },
        { allowFailure: true },
      );
      await p.stage("Prune", () => {});
    });
    expect(left.map((each) => each.state)).toEqual([stage]);
    expect(outcome.state).toBe(state);
    expect(sink.lines).toEqual([]);
  });

  it("is no misuse of stages, and no value that JSON cannot represent", async () => {
    const nested = await attempt((p) =>
      p.stage("Dump", () => p.stage("Upload", () => {}), { allowFailure: true }),
    );
    expect(nested.outcome.error?.code).toBe("LIVEOPS_STAGE_ACTIVE");

    class Resumable extends LiveOperation {
      static resumable = true;
      static stages = ["Dump"];
      async run(p: Progress) {
        await p.stage("Dump", () => () => 1, { allowFailure: true });
      }
    }
    const run = await runOperation(Resumable);
    expect(run.error?.code).toBe("LIVEOPS_STAGE_VALUE_NOT_JSON");
    expect(run.record.stageStates).toEqual({ Dump: "failed" });
  });
});

describe("a skipped stage", () => {
  it("has a reason, a start and an end, and no block", async () => {
    const { outcome, left, sink } = await attempt(async (p) => {
      await p.stage("Dump", () => {});
      p.skip("Upload", "nothing to upload");
      await p.stage("Prune", () => {});
    });
    expect(outcome.state).toBe("succeeded");
    expect(left[1]).toMatchObject({
      stage: "Upload",
      index: 1,
      state: "skipped",
      resumed: false,
      seconds: 0,
      reason: "nothing to upload",
      durable: true,
    });
    expect(sink.all).toEqual(
      ["Dump", "Upload", "Prune"].flatMap(() => ["stage:entered", "stage:left"]),
    );
  });

  it("is refused while a stage is active", async () => {
    const { outcome } = await attempt((p) => p.stage("Dump", () => p.skip("Upload", "no")));
    expect(outcome.error?.code).toBe("LIVEOPS_STAGE_ACTIVE");
  });

  it("may have any name, as other untracked stages", async () => {
    const { left, sink } = await attempt(async (p) => p.skip("Uplaod", "no"));
    expect(left[0]).toMatchObject({
      stage: "Uplaod",
      index: null,
      state: "skipped",
      durable: false,
    });
    expect(sink.lines[0]!.text).toContain('Did you mean "Upload"?');
  });
});

describe("a resumable type", () => {
  const ran: string[] = [];
  let [uploadFails, skips, pruneFails] = [true, true, true];

  class Nightly extends LiveOperation<typeof Nightly> {
    static resumable = true;
    static stages = ["Dump", "Upload", "Check", "Prune"] as const;
    async run(p: Progress<Nightly>) {
      await p.stage("Dump", () => ran.push("Dump"));
      await p.stage(
        "Upload",
        () => {
          ran.push("Upload");
          if (uploadFails) throw new Error("no remote");
          return "uploaded";
        },
        { allowFailure: true },
      );
      if (skips) p.skip("Check", "not on weekdays");
      else await p.stage("Check", () => ran.push("Check"));
      await p.stage("Prune", () => {
        if (pruneFails) throw new Error("busy");
      });
    }
  }

  it("runs an allowed failure again, decides a skip anew, and says which attempt did a stage", async () => {
    const first = await runOperation(Nightly);
    expect(first.stages.map(({ name, state, reason }) => [name, state, reason])).toEqual([
      ["Dump", "done", null],
      ["Upload", "allowed-failure", null],
      ["Check", "skipped", "not on weekdays"],
      ["Prune", "failed", null],
    ]);
    expect(first.stages[1]!.error?.message).toBe("no remote");
    expect(first.record.stageTimes.Upload?.error).toBe("no remote");
    expect(first.record.stageTimes.Check?.reason).toBe("not on weekdays");

    [uploadFails, skips] = [false, false];
    const second = await runOperation(Nightly, undefined, { resumeFrom: first });
    expect(ran).toEqual(["Dump", "Upload", "Upload", "Check"]);
    expect(second.record.stageTimes.Dump?.reason).toBe("done in attempt 1");

    pruneFails = false;
    const third = await runOperation(Nightly, undefined, { resumeFrom: second });
    expect(third.stages.map(({ name, resumed, reason }) => [name, resumed, reason])).toEqual([
      ["Dump", true, "done in attempt 1"],
      ["Upload", true, "done in attempt 2"],
      ["Check", true, "done in attempt 2"],
      ["Prune", false, null],
    ]);
    expect(third.state).toBe("succeeded");
  });
});
