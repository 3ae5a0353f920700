/** Steps side by side: `p.parallel` and `p.each`. */
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, type Progress, type StepProgress, StepsError } from "liveops";
import { describe, expect, expectTypeOf, it } from "vitest";
import { MemoryStageValues } from "../../../ops/attempt/memory-values.js";
import { runAttempt } from "../../../ops/attempt/run-attempt.js";
import type { Operation } from "../../../protocol/operation.js";
import {
  FakeClock,
  type OperationRun,
  runOperation,
  startOperation,
} from "../../harness/testing/index.js";
import { ArraySink, anOrder, TestStop } from "./array-sink.js";

function typeOf(run: (p: Progress, attempt: number) => unknown, resumable = true) {
  return class Build extends LiveOperation {
    static stages = ["Check", "Ship"];
    static resumable = resumable;
    async run(p: Progress) {
      await run(p, this.attempt);
    }
  };
}

/** The states of the steps of a record, by name. */
const statesOf = ({ steps = {} }: Pick<Operation, "steps">, stage = "Check") =>
  Object.fromEntries((steps[stage] ?? []).map(({ name, state }) => [name, state]));

const check = <R>(p: Progress, block: () => R) => p.stage("Check", block);

/** Counts how many steps run at the same time. */
class Lanes {
  now = 0;
  most = 0;
  readonly begun: string[] = [];

  step = async (s: StepProgress): Promise<void> => {
    this.begun.push(s.name);
    this.most = Math.max(this.most, ++this.now);
    await delay(1, undefined, { signal: s.signal }).finally(() => this.now--);
  };
}

describe("values", () => {
  it("come back by name, each with its type", async () => {
    const run = await runOperation(
      typeOf(async (p) => {
        const values = await check(p, () =>
          p.parallel({ slow: () => delay(5, 7), name: (s) => s.name, nothing: () => {} }),
        );
        expectTypeOf(values).toEqualTypeOf<{ slow: number; name: string; nothing: void }>();
        p.result(Object.entries(values));
      }),
    );
    expect(run.result).toEqual([
      ["slow", 7],
      ["name", "name"],
    ]);
  });

  it("of each item come back in the order of the items", async () => {
    const run = await runOperation(
      typeOf(async (p) => {
        const values = await check(p, () => p.each([30, 1, 15], (ms) => delay(ms, `after ${ms}`)));
        expectTypeOf(values).toEqualTypeOf<string[]>();
        p.result(values);
      }),
    );
    expect(run.result).toEqual(["after 30", "after 1", "after 15"]);
    expect(run.record.steps!.Check!.map(({ name }) => name)).toEqual(["30", "1", "15"]);
  });

  it("may be nothing, also in a resumable type", async () => {
    const run = await runOperation(
      typeOf(async (p) => {
        await check(p, () => p.each([1, 2], (item, s) => s.log(`${item}`)));
        await p.stage("Ship", () => p.parallel({ a: () => {}, b: () => 2 }));
      }),
    );
    expect(run.error).toBeNull();
  });

  it("of no items are none, and make no steps", async () => {
    const run = await runOperation(
      typeOf(async (p) => p.result(await check(p, () => p.each([], () => 1)))),
    );
    expect(run.result).toEqual([]);
    expect(run.record.steps).toBeUndefined();
  });
});

describe("at once", () => {
  it("run as many steps as are allowed, and no more", async () => {
    for (const atOnce of [1, 3]) {
      const lanes = new Lanes();
      const items = Array.from({ length: 9 }, (_, n) => `step ${n}`);
      const run = await runOperation(
        typeOf((p) => check(p, () => p.each(items, (_, s) => lanes.step(s), { atOnce }))),
      );
      expect(run.error).toBeNull();
      expect(lanes.most).toBe(atOnce);
      expect(lanes.begun).toEqual(items);
    }
  });
});

describe("a failure", () => {
  const failing = () => {
    const lanes = new Lanes();
    const broken = async () => {
      await delay(2);
      throw new Error("unit broke");
    };
    const steps = { lint: () => 1, unit: broken, fast: lanes.step, other: broken };
    const type = typeOf((p) =>
      check(p, () => p.parallel(steps, { atOnce: 3, onFailure: "finish" })),
    );
    return { run: runOperation(type), lanes };
  };

  it("ends the others as by a cancel, and those that wait do not begin", async () => {
    const lanes = new Lanes();
    const run = await runOperation(
      typeOf((p) =>
        check(p, () =>
          p.parallel(
            {
              slow: (s) => s.exec("sleep", ["60"]),
              loop: async (s) => {
                for (;;) {
                  s.checkCancelled();
                  await delay(1);
                }
              },
              unit: async () => {
                await delay(20);
                throw new Error("unit broke");
              },
              late: lanes.step,
            },
            { atOnce: 3 },
          ),
        ),
      ),
    );
    expect(run.error).toMatchObject({ message: "unit broke" });
    expect(statesOf(run.record)).toEqual({ slow: "ended", loop: "ended", unit: "failed" });
    expect(run.record.steps!.Check![0]!.reason).toBe('the step "unit" failed');
    expect(run.record.stepCounts).toEqual({ Check: { total: 4, ended: 2, failed: 1 } });
    expect(run.record.stageStates).toEqual({ Check: "failed" });
    expect(lanes.begun).toEqual([]);
  });

  it("lets all run with finish, and names those that failed", async () => {
    const { run, lanes } = failing();
    const { error, record } = await run;
    expect(error!.message).toBe("2 of 4 steps failed: unit, other");
    expect(error!.causes!.map(({ message }) => message)).toEqual([
      "Error: unit broke",
      "Error: unit broke",
    ]);
    expect(statesOf(record)).toEqual({
      lint: "done",
      unit: "failed",
      fast: "done",
      other: "failed",
    });
    expect(lanes.begun).toEqual(["fast"]);
  });

  it("tells of programs what they say themselves, without the name of a class", async () => {
    const run = await runOperation(
      typeOf((p) =>
        check(p, () =>
          p.each([3, 4], (code, s) => s.exec("sh", ["-c", `exit ${code}`]), {
            onFailure: "finish",
            atOnce: 1,
          }),
        ),
      ),
    );
    expect(run.error!.causes!.map(({ message }) => message)).toEqual([
      "sh exited with 3",
      "sh exited with 4",
    ]);
  });

  it("can be caught, with the names and errors of the steps", async () => {
    const run = await runOperation(
      typeOf((p) =>
        check(p, async () => {
          const failed = await p
            .each(["a", "b"], (item) => Promise.reject(new Error(item)), { onFailure: "finish" })
            .catch((error: unknown) => error);
          expect(failed).toBeInstanceOf(StepsError);
          const { steps, errors } = failed as StepsError;
          p.result({ steps, errors: errors.map((error) => (error as Error).message) });
        }),
      ),
    );
    expect(run.result).toEqual({ steps: ["a", "b"], errors: ["a", "b"] });
    expect(run.record.stageStates).toEqual({ Check: "done" });
  });
});

describe("a stop", () => {
  it("of the operation reaches all steps", async () => {
    const type = typeOf((p) =>
      check(p, () =>
        p.parallel({
          program: (s) => s.exec("sleep", ["60"]),
          loop: async (s) => {
            for (const _ of s.track(Array.from({ length: 100_000 }))) await delay(1);
          },
        }),
      ),
    );
    await using run = startOperation(type);
    await run.untilEvent("progress:changed", ({ step }) => step === "loop");
    const { state, error, record } = await run.cancel();
    expect(error).toBeNull();
    expect(state).toBe("cancelled");
    expect(statesOf(record)).toEqual({ program: "cancelled", loop: "cancelled" });
  });

  it("by the timeout too", async () => {
    const clock = new FakeClock();
    const type = typeOf((p) =>
      check(p, () => p.each([1, 2], (_, s) => s.exec("sleep", ["60"]), { atOnce: 2 })),
    );
    await using run = startOperation(type, {}, { clock, timeout: 5 });
    await run.untilEvent("step:entered", ({ step }) => step === "2");
    await clock.advance(5000);
    const { error, record } = await run.finished;
    expect(error!.code).toBe("LIVEOPS_TIMEOUT");
    expect(statesOf(record)).toEqual({ 1: "cancelled", 2: "cancelled" });
  });
});

describe("reports of a step", () => {
  it("are its own: log, status, bar and exit code", async () => {
    const run = await runOperation(
      typeOf((p) =>
        check(p, async () => {
          p.log("before");
          await p.parallel({
            unit: async (s) => {
              s.log("mine");
              s.status("testing", "warning");
              s.percent(40);
              await s.exec("sh", ["-c", "echo out"]);
            },
            codes: (s) => s.exec("sh", ["-c", "exit 3"], { check: false }),
          });
        }),
      ),
    );
    // The threads of the test runner report descriptors.
    const lines = run.log.filter(({ stream }) => stream !== "stderr");
    expect(lines.map(({ stage, step, text }) => [stage, step, text])).toEqual([
      ["Check", undefined, "before"],
      ["Check", "unit", "mine"],
      ["Check", "unit", "out"],
    ]);
    expect(run.statuses).toEqual([]);
    expect(run.record.status).toBeNull();
    expect(run.record.steps!.Check).toMatchObject([
      { name: "unit", status: { text: "testing", level: "warning" }, exitCode: 0, percent: 100 },
      { name: "codes", status: null, exitCode: 3 },
    ]);
  });

  it("make the bar of the stage: the mean of the steps", async () => {
    const clock = new FakeClock();
    const type = typeOf((p) =>
      check(p, () =>
        p.parallel(
          {
            done: () => {},
            half: async (s) => {
              s.percent(50);
              await clock.advance(200);
            },
          },
          { atOnce: 1 },
        ),
      ),
    );
    const run = await runOperation(type, {}, { clock });
    expect(
      run.progress.map(({ percent, progress }) => [percent, progress?.done, progress?.total]),
    ).toContainEqual([75, 1, 2]);
    expect(run.progress.at(-1)).toMatchObject({
      percent: 100,
      progress: { done: 2, total: 2, unit: "steps" },
    });
  });
});

describe("the bar of a stage", () => {
  /** Sends no bar too late to be seen: every change is an event. */
  async function barOf(
    block: (p: Progress, step: (name: string) => (s: StepProgress) => Promise<void>) => unknown,
    usual: Record<string, number> = {},
  ) {
    const clock = new FakeClock();
    const step = (_: string) => (_s: StepProgress) => clock.advance(200);
    const sink = new ArraySink();
    const order = anOrder({ stages: ["Check", "Ship"], stepSeconds: { Check: usual } });
    const type = typeOf((p) => check(p, () => block(p, step)));
    await runAttempt(type, order, sink, new TestStop(), null, { clock });
    const bars = sink.of("progress:changed").filter(({ step }) => step === undefined);
    return bars.map(({ percent }) => percent);
  }

  it("weighs each step by its seconds in earlier runs, and a new one by their mean", async () => {
    const bar = await barOf(
      (p, step) => p.each(["quick", "slow", "new"], (name, s) => step(name)(s), { atOnce: 1 }),
      { quick: 1, slow: 5 },
    );
    expect(bar).toEqual([0, 11.11, 66.67, 100]);
  });

  it("moves with the bar of a step, before any has ended", async () => {
    const bar = await barOf((p, step) =>
      p.parallel({
        a: async (s) => {
          for (const percent of [20, 40]) {
            await step("a")(s);
            s.percent(percent);
          }
          await step("a")(s);
        },
      }),
    );
    expect(bar).toEqual([0, 20, 40, 100]);
  });

  it("tells the time left by the parts of the steps, without those that did not run", async () => {
    const clock = new FakeClock();
    const sink = new ArraySink();
    const type = typeOf((p) =>
      check(p, () =>
        p.each(
          ["done", "a", "b"],
          async (name, s) => {
            if (name === "done") return;
            for (let at = 5; at <= 50; at += 5) {
              await clock.advance(500);
              s.percent(at);
            }
          },
          { atOnce: 1 },
        ),
      ),
    );
    const values = new MemoryStageValues({}, 2);
    values.keep({ stage: "Check", step: "done", occurrence: 1 }, "", undefined);
    await runAttempt(type, anOrder({ stages: ["Check", "Ship"] }), sink, new TestStop(), values, {
      clock,
    });
    const bars = sink.of("progress:changed").filter(({ step }) => step === undefined);
    // Of two steps of 10 s each, one half of the first one is done, at 0.1 steps a second.
    const half = bars.find(({ percent, progress }) => progress?.done === 1 && percent === 50);
    expect(half!.progress).toMatchObject({ rate: expect.closeTo(0.1, 1) });
    expect(half!.progress!.etaSeconds).toBeGreaterThan(10);
    expect(half!.progress!.etaSeconds).toBeLessThan(20);
  });

  it("counts a step that took no time, and knows names such as those of objects", async () => {
    const names = ["constructor", "__proto__"];
    const bar = await barOf((p, step) => p.each(names, (name, s) => step(name)(s), { atOnce: 1 }), {
      constructor: 0,
    });
    expect(bar).toEqual([0, 50, 100]);
  });

  it("does not go back where a step begins its bar anew, or fails", async () => {
    const bar = await barOf(
      (p, step) =>
        p.parallel(
          {
            twice: async (s) => {
              for (const loop of ["first", "second"])
                for (const part of s.track([1, 2])) await step(`${loop} ${part}`)(s);
            },
            fails: async (s) => {
              s.percent(80);
              await step("fails")(s);
              throw new Error("broke");
            },
            last: step("last"),
          },
          { atOnce: 1, onFailure: "finish" },
        ),
      { twice: 2, fails: 7, last: 1 },
    );
    expect(bar).toEqual(bar.toSorted((a, b) => a - b));
    expect(bar.at(-1)).toBe(86);
  });
});

describe("a later attempt", () => {
  const ran: string[] = [];

  async function attempts(...from: Array<string | undefined>): Promise<OperationRun[]> {
    const runs: OperationRun[] = [];
    ran.length = 0;
    const build = typeOf(async (p, attempt) => {
      const values = await check(p, () =>
        p.each(
          ["lint", "unit", "items"],
          async (name, s) => {
            ran.push(`${name} ${attempt}`);
            if (name === "unit" && attempt === 1) throw new Error("unit broke");
            if (name === "items")
              for (const item of s.track(["a", "b", "c"], { key: (each) => each })) {
                ran.push(item);
                if (item === "b" && attempt === 1) throw new Error("b broke");
              }
            return `${name} of ${attempt}`;
          },
          { onFailure: "finish", atOnce: 1 },
        ),
      );
      await p.stage("Ship", () => {
        ran.push(`ship ${attempt}`);
        if (attempt < 3) throw new Error("no ship");
      });
      p.result(values);
    });
    runs.push(await runOperation(build));
    for (const each of from) {
      ran.push("|");
      const resumeFrom = runs.at(-1)!;
      runs.push(
        await runOperation(build, {}, { resumeFrom, ...(each !== undefined && { from: each }) }),
      );
    }
    return runs;
  }

  it("does the missing steps alone, and the items that are missing in them", async () => {
    const [, second, third] = await attempts(undefined, undefined);
    expect(ran.join(" ")).toBe("lint 1 unit 1 items 1 a b | unit 2 items 2 b c ship 2 | ship 3");
    expect(second!.record.steps!.Check).toMatchObject([
      { name: "lint", state: "done", resumed: true, reason: "done in attempt 1", percent: 100 },
      { name: "unit", state: "done", resumed: false, reason: null },
      { name: "items", state: "done", resumed: false, reason: null },
    ]);
    expect(third!.result).toEqual(["lint of 1", "unit of 2", "items of 2"]);
  });

  it("does one step again, and what follows its stage", async () => {
    const [, , third] = await attempts(undefined, "Check/unit");
    expect(ran.join(" ")).toBe(
      "lint 1 unit 1 items 1 a b | unit 2 items 2 b c ship 2 | unit 3 ship 3",
    );
    expect(third!.result).toEqual(["lint of 1", "unit of 3", "items of 2"]);
  });

  it("does all steps of a stage again that is named itself", async () => {
    await attempts(undefined, "Check");
    expect(ran.join(" ")).toMatch(/\| lint 3 unit 3 items 3 a b c ship 3$/);
  });
});

describe("output", () => {
  it("of the process names the step whose code wrote it, and what two steps write makes no line together", async () => {
    const run = await runOperation(
      typeOf(async (p) => {
        await check(p, () =>
          p.parallel(
            {
              a: async () => {
                process.stdout.write("a begins, ");
                await delay(5);
                console.log("and ends");
              },
              b: async () => {
                process.stdout.write("b ");
                await delay(10);
                setTimeout(() => console.error("later"), 1);
                console.log("alone");
                await delay(5);
              },
            },
            { atOnce: 2 },
          ),
        );
        console.log("of no step");
      }),
    );
    const lines = run.log.map(({ stage, step, stream, text }) =>
      [stage, step, stream, text].join("|"),
    );
    expect(lines.sort()).toEqual([
      "Check|a|stdout|a begins, and ends",
      "Check|b|stderr|later",
      "Check|b|stdout|b alone",
      "||stdout|of no step",
    ]);
  });

  it("without a line end is not lost", async () => {
    const run = await runOperation(
      typeOf((p) => check(p, () => p.each(["a", "b"], (name) => void process.stdout.write(name)))),
    );
    expect(run.log.map(({ step, text }) => `${step} ${text}`).sort()).toEqual(["a a", "b b"]);
  });
});

describe("LIVEOPS_STEP", () => {
  it("is the name of the step in each of its programs, and absent in the others", async () => {
    const run = await runOperation(
      typeOf((p) =>
        check(p, async () => {
          const print = ["-c", 'echo "$LIVEOPS_STEP|$LIVEOPS_STAGE|$OWN"'];
          await p.exec("sh", print, { env: { OWN: "1" } });
          await p.each(["a b", "c"], (_, s) => s.exec("sh", print, { env: { OWN: "2" } }), {
            atOnce: 1,
          });
        }),
      ),
    );
    const printed = run.log.filter(({ stream }) => stream === "stdout").map(({ text }) => text);
    expect(printed).toEqual(["|Check|1", "a b|Check|2", "c|Check|2"]);
  });
});

describe("wrong use", () => {
  const errorOf = async (run: (p: Progress) => unknown) =>
    (await runOperation(typeOf((p) => check(p, () => run(p))))).error;

  it("says what to do", async () => {
    const outside = await runOperation(typeOf((p) => p.parallel({ a: () => {} })));
    expect(outside.error!.message).toContain('steps run inside a stage: await p.stage("…"');
    const cases: Array<[(p: Progress) => unknown, string]> = [
      [(p) => p.each(["a", "b", "a"], () => {}), 'two steps of stage "Check" have the name "a"'],
      [(p) => p.each([""], () => {}), 'a step needs a name of one line, not ""'],
      [(p) => p.each(["a\nb"], () => {}), "a step needs a name of one line"],
      [(p) => p.each(["x".repeat(201)], () => {}), "at most 200 characters"],
      [
        (p) => p.each([1], () => {}, { name: () => 5 as never }),
        "a step needs a name of one line, not 5",
      ],
      [
        (p) => p.each(Array.from({ length: 10_001 }), () => {}),
        "has 10001 steps, more than 10,000",
      ],
      [
        (p) => p.each([1], () => {}, { atOnce: 0 }),
        "atOnce takes a whole number from 1 to 200, not 0",
      ],
      [
        (p) => p.each([1], () => {}, { onFailure: "go" as never }),
        'onFailure takes "stop" or "finish"',
      ],
      [(p) => p.parallel({ a: 5 as never }), "p.parallel takes functions by name: { a: (s) =>"],
      [(p) => p.each(5 as never, () => {}), "p.each takes items and a function"],
    ];
    for (const [run, message] of cases) expect((await errorOf(run))!.message).toContain(message);
  });

  it("without await fails the stage, and what the steps do later changes nothing", async () => {
    let late: Promise<unknown> = Promise.resolve();
    const run = await runOperation(
      typeOf((p) =>
        check(p, () => {
          late = p.parallel({
            slow: async (s) => {
              await delay(30);
              s.log("too late");
            },
          });
        }),
      ),
    );
    await late.catch(() => {});
    expect(run.error!.message).toBe(
      'stage "Check" returned while its step "slow" was running: await p.parallel(…)',
    );
    expect(statesOf(run.record)).toEqual({ slow: "ended" });
    expect(run.texts()).toEqual([]);
  });

  it("of a program without await fails the step", async () => {
    const error = await errorOf((p) =>
      p.parallel({
        a: (s) => {
          void s.exec("sleep", ["60"]);
        },
      }),
    );
    expect(error!.message).toContain('step "a" returned while sleep was running');
  });

  it("of a value that is no JSON fails the step of a resumable type", async () => {
    const error = await errorOf((p) => p.parallel({ a: () => new Map() }));
    expect(error).toMatchObject({ code: "LIVEOPS_STAGE_VALUE_NOT_JSON" });
    expect(error!.message).toContain('the value that step "a" of stage "Check" returned');
  });
});
