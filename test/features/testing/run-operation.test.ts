/** `liveops/testing`: one attempt in this process, with the runner of the worker. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, type Progress, z } from "liveops";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, onTestFinished, vi } from "vitest";
import {
  FakeClock,
  type OperationRun,
  runOperation,
  startOperation,
} from "../../../ops/features/testing/index.js";

class Import extends LiveOperation<typeof Import> {
  static stages = ["Load", "Process", "Save"] as const;
  static params = z.object({ rows: z.number().min(1).default(3), fail: z.boolean().default(false) });
  static resultText = (result: { rows: number }) => `${result.rows} rows`;

  async run(p: Progress<Import>) {
    const rows = await p.stage("Load", () => Array.from({ length: this.params.rows }, (_, n) => n));
    await p.stage("Process", async () => {
      for (const row of p.track(rows, { label: "Rows", unit: "row" })) p.log(`row ${row}`);
      if (this.params.fail) throw new Error("it broke");
      await p.untracked("Check", () => p.status("checked", "success"));
    });
    await p.stage("Save", () => console.log("saved"));
    p.result({ rows: rows.length, label: this.label, attempt: this.attempt });
  }
}

class Waits extends LiveOperation<typeof Waits> {
  static stages = ["Wait"] as const;
  static params = z.object({ deaf: z.boolean().default(false) });
  static timeout = 60;
  static gracePeriod = 5;

  async run(p: Progress<Waits>) {
    await p.stage("Wait", async () => {
      p.log("waiting");
      await new Promise((_, reject) => {
        if (!this.params.deaf) p.signal.addEventListener("abort", () => reject(p.signal.reason));
      });
    });
  }
}

class First extends LiveOperation<typeof First> {
  static params = z.object({ files: z.array(z.string()) });
  async run(p: Progress<First>) {
    p.chainTo(Second, { from: this.id, count: this.params.files.length });
  }
}

class Second extends LiveOperation<typeof Second> {
  static stages = ["Count"] as const;
  static params = z.object({ from: z.string(), count: z.number() });
  async run(p: Progress<Second>) {
    await p.stage("Count", () => {
      p.checkCancelled();
      p.result(this.params);
    });
  }
}

/** What a run must leave as it was. */
const state = () => ({
  env: { ...process.env },
  cwd: process.cwd(),
  writes: [process.stdout.write, process.stderr.write],
  console: globalThis.console,
  exceptions: process.listeners("uncaughtException"),
  rejections: process.listeners("unhandledRejection"),
});
const exits = () => process.listeners("exit");
let before: ReturnType<typeof state>;
let known: ReturnType<typeof exits>;
beforeEach(() => {
  [before, known] = [state(), exits()];
});
afterEach(() => {
  expect(state()).toEqual(before);
  // One of an earlier test file goes when the log of that file is collected; none may be new.
  expect(known).toEqual(expect.arrayContaining(exits()));
});

describe("a run", () => {
  it("gives the outcome and everything that was reported", async () => {
    const run = await runOperation(Import, { rows: 2 }, { label: "nightly", id: "abc123def456" });
    expect(run).toMatchObject({
      op: "import",
      id: "abc123def456",
      attempt: 1,
      state: "succeeded",
      error: null,
    });
    expect(run.result).toEqual({ rows: 2, label: "nightly", attempt: 1 });
    expect(run.next).toBeNull();
    expect(run.stages.map(({ name, index, state }) => [name, index, state])).toEqual([
      ["Load", 0, "done"],
      ["Process", 1, "done"],
      ["Check", null, "done"],
      ["Save", 2, "done"],
    ]);
    expect(run.texts("log")).toEqual(["row 0", "row 1"]);
    expect(run.log.map(({ stage, stream, text, n }) => [n, stage, stream, text])).toEqual([
      [1, "Process", "log", "row 0"],
      [2, "Process", "log", "row 1"],
      [3, "Save", "stdout", "saved"],
    ]);
    expect(run.progress.at(-1)).toMatchObject({
      stage: "Process",
      percent: 100,
      progress: { done: 2, unit: "row" },
    });
    expect(run.statuses).toEqual([{ text: "checked", level: "success" }]);
    expect(run.events[0]).toMatchObject({ type: "operation:submitted" });
    expect(run.events.at(-1)).toMatchObject({ type: "operation:finished", state: "succeeded" });
    expect(run.record).toMatchObject({ state: "succeeded", label: "nightly", stageStates: { Save: "done" } });
  });

  it("infers parameters and result from the class", async () => {
    // @ts-expect-error: rows is a number
    await expect(runOperation(Import, { rows: "x" })).rejects.toThrow("rows takes a number");
    // @ts-expect-error: files is required
    await expect(runOperation(First)).rejects.toThrow("files is required");
    const run = await runOperation(Import);
    expectTypeOf(run.result).toEqualTypeOf<{ rows: number }>();
    expectTypeOf(run.params).toEqualTypeOf<{ rows?: number | undefined; fail?: boolean | undefined }>();
    // @ts-expect-error: not a stage
    await expect(startOperation(Import).untilStage("Laod")).rejects.toThrow(
      "the operation ended as succeeded",
    );
  });

  it("fails with the error of the operation", async () => {
    const run = await runOperation(Import, { fail: true });
    expect(run).toMatchObject({ state: "failed", result: null, next: null });
    expect(run.error).toMatchObject({ code: "LIVEOPS_EXCEPTION", message: "it broke" });
    expect(run.error?.stack).toContain("run-operation.test.ts");
    expect(run.stages.map(({ name, state }) => [name, state])).toEqual([
      ["Load", "done"],
      ["Process", "failed"],
    ]);
  });

  it("rejects parameters that the schema refuses, with every problem", async () => {
    const running = startOperation(Import, { rows: 0, fail: "perhaps" as never });
    const refused = expect(running.finished).rejects;
    await refused.toMatchObject({ code: "LIVEOPS_PARAMS_INVALID" });
    await refused.toThrow(/rows takes at least 1, not 0\nfail takes true or false, not "perhaps"/);
    await expect(running.untilStage("Load")).rejects.toThrow("rows takes at least 1");
  });

  it("takes name=value arguments as a submit does", async () => {
    const run = await runOperation(Import, { rows: 9 }, { set: ["rows=2", "fail=no"] });
    expect(run.params).toEqual({ rows: 2, fail: false });
  });

  it("refuses what is no operation type", async () => {
    await expect(runOperation(class {} as never)).rejects.toThrow("takes an operation type");
  });

  it("runs beside another run, each with its own output", async () => {
    class Speaks extends LiveOperation<typeof Speaks> {
      static params = z.object({ word: z.string() });
      async run() {
        for (let n = 0; n < 3; n++) {
          console.log(`${this.params.word} ${n}`);
          await delay(1);
          process.stderr.write(`${this.params.word} half`);
          process.stderr.write(" and half\n");
        }
        const child = spawn("echo", [`${this.params.word} child`]);
        child.stdout.pipe(process.stdout, { end: false });
        await once(child, "close");
      }
    }
    const runs = await Promise.all(["a", "b"].map((word) => runOperation(Speaks, { word })));
    for (const [index, word] of ["a", "b"].entries()) {
      expect(runs[index]?.texts("stdout")).toEqual([0, 1, 2, "child"].map((n) => `${word} ${n}`));
      expect(runs[index]?.texts("stderr")).toEqual(Array(3).fill(`${word} half and half`));
    }
  });

  it("runs in a directory and an environment of its own, one at a time", async () => {
    class Where extends LiveOperation {
      run(p: Progress) {
        p.result([process.cwd(), process.env.LIVEOPS_TEST_WHERE]);
      }
    }
    const dir = realpathSync(mkdtempSync(join(tmpdir(), "liveops-where-")));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const options = { cwd: dir, env: { LIVEOPS_TEST_WHERE: "here" } };
    expect((await runOperation(Where, {}, options)).result).toEqual([dir, "here"]);
    const first = runOperation(Where, {}, options);
    await expect(runOperation(Where)).rejects.toThrow("another run is active");
    await first;
    expect((await runOperation(Where, {}, { cwd: join(dir, "gone") })).error?.code).toBe("LIVEOPS_CWD_GONE");
  });

  it("fails with an error that nothing catches, and the test runner does not see the error", async () => {
    class Forgets extends LiveOperation {
      static stages = ["Wait"];
      async run(p: Progress) {
        void Promise.reject(new Error("forgotten"));
        await p.stage("Wait", () => delay(60_000, undefined, { signal: p.signal }));
      }
    }
    const run = await runOperation(Forgets);
    expect(run.error).toMatchObject({ message: "forgotten", cause: "unhandled-rejection" });
  });
});

describe("cancelling", () => {
  it("by the handle, at a stage", async () => {
    const running = startOperation(Waits);
    await running.untilStage("Wait");
    expect(running.stages).toMatchObject([{ name: "Wait", state: "active", seconds: null }]);
    const run = await running.cancel();
    expect(run).toMatchObject({ state: "cancelled", error: null, stages: [{ state: "cancelled" }] });
    expect(run.events.map(({ type }) => type)).toContain("cancel:requested");
    expect(await running.cancel()).toBe(run);
  });

  it.each([
    [{ stage: "Process" }, ["Load", "Process"], []],
    [{ event: "progress:changed" as const }, ["Load", "Process"], []],
    [{ log: "row 1" }, ["Load", "Process"], ["row 0", "row 1"]],
    [{ log: /1$/ }, ["Load", "Process"], ["row 0", "row 1"]],
  ])("at %j, before the next item", async (cancelAt, stages, lines) => {
    const run = await runOperation(Import, { rows: 5 }, { cancelAt });
    expect(run.state).toBe("cancelled");
    expect(run.stages.map(({ name }) => name)).toEqual(stages);
    expect(run.texts()).toEqual(lines);
  });

  it("at an untracked stage", async () => {
    const run = await runOperation(Import, { rows: 1 }, { cancelAt: { stage: "Check" } });
    expect(run.events.map(({ type }) => type)).toContain("cancel:requested");
  });

  it("at a stage that is neither declared nor entered is a TypeError", async () => {
    const cancelled = runOperation(Import, { rows: 1 }, { cancelAt: { stage: "Sav" } });
    await expect(cancelled).rejects.toThrow(TypeError);
    await expect(cancelled).rejects.toThrow(
      'cancelAt: "Sav" is not a stage of import; did you mean Save? Its stages: Load, Process, Save',
    );
    const failed = await runOperation(Import, { fail: true }, { cancelAt: { stage: "Later" } });
    expect(failed.error?.message).toBe("it broke");
  });

  it("an unknown option is a TypeError, with the near name", async () => {
    const options = { cancelat: { stage: "Save" } } as never;
    await expect(runOperation(Import, {}, options)).rejects.toThrow(
      new TypeError('runOperation has no option "cancelat"; did you mean cancelAt?'),
    );
    expect(() => startOperation(Import, {}, options)).toThrow(TypeError);
  });

  it("at the end of a scope", async () => {
    let finished: Promise<OperationRun>;
    {
      await using running = startOperation(Waits);
      finished = running.finished;
      await running.untilLog("waiting");
    }
    expect((await finished).state).toBe("cancelled");
  });

  it("a wait for what never comes rejects with the outcome", async () => {
    const running = startOperation(Import, { fail: true });
    await expect(running.untilStage("Save")).rejects.toThrow("the operation ended as failed: it broke");
    await expect(running.untilLog(/never/)).rejects.toThrow("before such a log line was written");
  });
});

describe("a fake clock", () => {
  const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();

  it("gives exact times, rates and progress", async () => {
    const clock = new FakeClock();
    class Slow extends LiveOperation {
      static stages = ["Work"];
      async run(p: Progress) {
        await p.stage("Work", () => {
          for (const _ of p.track([1, 2, 3, 4])) void clock.advance(1000);
        });
      }
    }
    const run = await runOperation(Slow, {}, { clock });
    expect(run.stages).toEqual([
      {
        name: "Work",
        index: 0,
        state: "done",
        resumed: false,
        reason: null,
        error: null,
        startedAt: at(0),
        finishedAt: at(4),
        seconds: 4,
      },
    ]);
    expect(
      run.progress.map(({ percent, progress }) => [percent, progress?.rate, progress?.etaSeconds]),
    ).toEqual([
      [0, null, null],
      [25, 1, 3],
      [50, 1, 2],
      [75, 1, 1],
      [100, 1, 0],
    ]);
    expect(run.record).toMatchObject({ createdAt: at(0), finishedAt: at(4), seconds: 4 });
  });

  it("throttles the bar by its own time", async () => {
    const clock = new FakeClock();
    class Fast extends LiveOperation {
      async run(p: Progress) {
        for (let n = 1; n <= 100; n++) {
          p.percent(n);
          void clock.advance(10);
        }
      }
    }
    const { progress } = await runOperation(Fast, {}, { clock });
    expect(progress.length).toBeGreaterThan(9);
    expect(progress.length).toBeLessThan(13);
    expect(progress.at(-1)?.percent).toBe(100);
  });

  it("reaches the timeout of the type, and that of the options", async () => {
    for (const [timeout, seconds] of [
      [undefined, 60],
      [5, 5],
    ] as const) {
      const clock = new FakeClock();
      const running = startOperation(Waits, {}, { clock, ...(timeout && { timeout }) });
      await running.untilStage("Wait");
      await clock.advance(seconds * 1000 - 1);
      expect(running.events.at(-1)?.type).not.toBe("cancel:requested");
      await clock.advance(1);
      const run = await running.finished;
      expect(run.error).toMatchObject({
        code: "LIVEOPS_TIMEOUT",
        message: `it ran longer than its timeout of ${seconds} s`,
      });
      expect(run.record.finishedAt).toBe(at(seconds));
    }
  });

  it("no timeout with null", async () => {
    const clock = new FakeClock();
    const running = startOperation(Waits, {}, { clock, timeout: null });
    await running.untilStage("Wait");
    await clock.advance(3_600_000);
    expect((await running.cancel()).state).toBe("cancelled");
  });

  it("gives up an operation that ignores its cancel, after the grace period", async () => {
    const clock = new FakeClock();
    const running = startOperation(Waits, { deaf: true }, { clock });
    await running.untilStage("Wait");
    const ended = running.cancel();
    await clock.advance(4999);
    expect(running.events.at(-1)?.type).toBe("cancel:requested");
    await clock.advance(1);
    expect(await ended).toMatchObject({ state: "cancelled", stages: [{ state: "active" }] });
  });

  it("leaves the timers of the operation to the test runner", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    class Sleeps extends LiveOperation {
      async run() {
        await new Promise((resolve) => setTimeout(resolve, 3_600_000));
      }
    }
    const running = startOperation(Sleeps, {}, { clock: new FakeClock() });
    await running.untilEvent("attempt:accepted");
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect((await running.finished).state).toBe("succeeded");
  });

  it("refuses to go back", async () => {
    await expect(new FakeClock().advance(-1)).rejects.toThrow("0 or more");
    expect(() => new FakeClock("soon")).toThrow("takes a date");
  });
});

describe("resuming", () => {
  let loads = 0;
  class Resumes extends LiveOperation<typeof Resumes> {
    static stages = ["Load", "Save"] as const;
    static resumable = true;
    static params = z.object({ from: z.string().default("a") });
    async run(p: Progress<Resumes>) {
      const rows = await p.stage("Load", () => {
        loads++;
        p.log(`loaded in attempt ${this.attempt}`);
        return [{ id: 1, from: this.params.from }];
      });
      await p.stage("Save", () => {
        if (this.attempt < 3) throw new Error(`no in attempt ${this.attempt}`);
      });
      p.result(rows);
    }
  }
  beforeEach(() => {
    loads = 0;
  });

  it("uses the stored values of the earlier run", async () => {
    const first = await runOperation(Resumes, {}, { label: "x" });
    const second = await runOperation(Resumes, {}, { resumeFrom: first });
    const third = await runOperation(Resumes, {}, { resumeFrom: second });
    expect([first, second, third].map(({ state, attempt, id }) => [state, attempt, id])).toEqual([
      ["failed", 1, first.id],
      ["failed", 2, first.id],
      ["succeeded", 3, first.id],
    ]);
    expect(loads).toBe(1);
    expect(third.stages.map(({ name, resumed }) => [name, resumed])).toEqual([
      ["Load", true],
      ["Save", false],
    ]);
    expect(third.result).toEqual([{ id: 1, from: "a" }]);
    expect(third.record).toMatchObject({ label: "x", logLines: 1, attempt: 3 });
    expect(third.events[0]!.seq).toBe(second.record.seq + 1);
    await expect(runOperation(Resumes, {}, { resumeFrom: third })).rejects.toMatchObject({
      code: "LIVEOPS_WRONG_STATE",
    });
  });

  it("runs a stage again from which it starts, and with other parameters", async () => {
    const first = await runOperation(Resumes);
    await runOperation(Resumes, {}, { resumeFrom: first, from: "Load" });
    expect(loads).toBe(2);
    await runOperation(Resumes, { from: "b" }, { resumeFrom: first });
    expect(loads).toBe(3);
    await expect(runOperation(Resumes, {}, { resumeFrom: first, from: "Laod" })).rejects.toThrow(
      "has no stage",
    );
  });

  it("skips the items that an earlier attempt finished", async () => {
    const did: string[] = [];
    class Each extends LiveOperation<typeof Each> {
      static stages = ["Each"] as const;
      static params = z.object({ at: z.string().default("c") });
      static resumable = true;
      async run(p: Progress<Each>) {
        await p.stage("Each", () => {
          for (const item of p.track(["a", "b", "c", "d"], { key: (item) => item })) {
            if (this.attempt === 1 && item === this.params.at) throw new Error("it broke");
            did.push(item);
          }
        });
        if (this.attempt === 2) throw new Error("late");
      }
    }
    const first = await runOperation(Each);
    const options = { resumeFrom: first, clock: new FakeClock() };
    const second = await runOperation(Each, {}, options);
    expect(did.splice(0)).toEqual(["a", "b", "c", "d"]);
    expect(second.texts("liveops")).toEqual(["2 of 4 items finished by attempt 1"]);
    expect(second.progress[0]).toMatchObject({ percent: 50, progress: { done: 2 } });
    await runOperation(Each, {}, { resumeFrom: second });
    expect(did).toEqual([]);
    await runOperation(Each, {}, { resumeFrom: second, from: "Each" });
    expect(did.splice(0)).toEqual(["a", "b", "c", "d"]);
    await runOperation(Each, { at: "d" }, { resumeFrom: first });
    expect(did).toEqual(["a", "b", "c", "d"]);
  });

  it("fails a stage whose value is not JSON", async () => {
    class Odd extends LiveOperation {
      static stages = ["Load"];
      static resumable = true;
      async run(p: Progress) {
        await p.stage("Load", () => new Map());
      }
    }
    expect((await runOperation(Odd)).error?.code).toBe("LIVEOPS_STAGE_VALUE_NOT_JSON");
  });
});

describe("a chain", () => {
  it("is followed with chain: true", async () => {
    const [first, second] = await runOperation(First, { files: ["a", "b"] }, { chain: true, label: "x" });
    expect(first.next).toMatchObject({ type: Second, op: "second", params: { from: first.id, count: 2 } });
    expect(second).toMatchObject({ type: Second, state: "succeeded", result: { from: first.id, count: 2 } });
    expect(second?.record).toMatchObject({
      label: "x",
      chain: { id: first.id, index: 1, previous: first.id },
    });
  });

  it("is followed by hand, and cancelled in a later operation", async () => {
    const { next } = await runOperation(First, { files: [] });
    expect((await runOperation(next!)).result).toMatchObject({ count: 0 });
    const runs = await runOperation(First, { files: [] }, { chain: true, cancelAt: { stage: "Count" } });
    expect(runs.map(({ state }) => state)).toEqual(["succeeded", "cancelled"]);
    await expect(runOperation({ ...next! })).rejects.toThrow("the `next` of an earlier run");
  });
});
