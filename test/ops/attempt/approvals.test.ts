/** `p.approve` in one process: what it returns and throws, and what it refuses. */
import { setTimeout as delay } from "node:timers/promises";
import { type ApproveOptions, LiveOperation, type Progress } from "liveops";
import { describe, expect, expectTypeOf, it } from "vitest";
import { FakeClock, runOperation, startOperation } from "../../harness/testing/index.js";

function typeOf(run: (p: Progress) => unknown, resumable = true) {
  return class Deploy extends LiveOperation {
    static stages = ["Approve", "Ship"];
    static resumable = resumable;
    async run(p: Progress) {
      await run(p);
    }
  };
}

const asks = (options: ApproveOptions = {}) =>
  typeOf(async (p) => p.result(await p.stage("Approve", () => p.approve("Ship 4.2?", options))));

const never = () => new Promise<string>(() => {});

describe("the answer", () => {
  it("is the choice, and is in the record and the log", async () => {
    const type = typeOf(async (p) => {
      const colour = await p.approve("Which?", { choices: ["blue", "green", "no"] });
      expectTypeOf(colour).toEqualTypeOf<"blue" | "green">();
      p.result(colour);
    });
    const run = await runOperation(
      type,
      {},
      { approve: (question) => (question === "Which?" ? "green" : "") },
    );
    expect(run).toMatchObject({ state: "succeeded", result: "green" });
    expect(run.record.approvals).toMatchObject([
      {
        stage: null,
        question: "Which?",
        attempt: 1,
        until: null,
        answer: { choice: "green", by: "test" },
      },
    ]);
    expect(run.events.map(({ type }) => type)).toContain("approval:answered");
  });

  it("no is a rejection, and any choice may be rejected", async () => {
    const run = await runOperation(asks({ choices: ["go"] }), {}, { approve: "no" });
    expect(run.error).toMatchObject({
      code: "LIVEOPS_REJECTED",
      message: "rejected by test: Ship 4.2?",
    });
    const allowed = typeOf(async (p) => {
      await p.stage("Approve", () => p.approve("Ship?"), { allowFailure: true });
      await p.stage("Ship", () => {});
    });
    const run2 = await runOperation(allowed, {}, { approve: "no" });
    expect(run2).toMatchObject({ state: "succeeded" });
    expect(run2.record.stageStates).toEqual({ Approve: "allowed-failure", Ship: "done" });
  });

  it("is the default when the time is over, or a failure of its own", async () => {
    const late = async (options: ApproveOptions) => {
      const clock = new FakeClock();
      const run = startOperation(asks({ timeout: 60, ...options }), {}, { clock, approve: never });
      const { until } = await run.untilEvent("approval:asked");
      expect(until).toBe("2026-01-01T00:01:00.000Z");
      await clock.advance(60_000);
      return run.finished;
    };
    expect(await late({ choices: ["go", "later"], default: "later" })).toMatchObject({
      result: "later",
    });
    expect((await late({})).error).toMatchObject({ code: "LIVEOPS_APPROVAL_TIMEOUT" });
    expect((await late({ default: "no" })).error).toMatchObject({
      code: "LIVEOPS_REJECTED",
      message: "nobody answered in time, and the default is no: Ship 4.2?",
    });
  });

  it("of questions side by side is asked for one after the other", async () => {
    const both = typeOf(async (p) =>
      p.result(await Promise.all([p.approve("A?"), p.approve("B?")])),
    );
    const open: string[] = [];
    const run = await runOperation(
      both,
      {},
      {
        approve: async (question) => {
          open.push(question);
          await delay(1);
          expect(open).toEqual([question]);
          open.pop();
          return "yes";
        },
      },
    );
    expect(run.result).toEqual(["yes", "yes"]);
  });

  it("is not waited for after a cancel", async () => {
    // Its grace period never ends.
    await using run = startOperation(asks(), {}, { clock: new FakeClock(), approve: never });
    await run.untilEvent("approval:asked");
    expect((await run.cancel()).state).toBe("cancelled");
  });
});

describe("what is refused", () => {
  const code = async (type: ReturnType<typeof typeOf>, options = {}) =>
    (await runOperation(type, {}, { approve: "yes", ...options })).error;

  it("a type that begins from the start, since its work would be done twice", async () => {
    const error = await code(typeOf((p) => p.approve("Ship?"), false));
    expect(error).toMatchObject({ code: "LIVEOPS_CANNOT_ASK" });
    expect(error!.message).toContain("add: static resumable = true");
  });

  it("a question while a program or a step runs, which the wait would end", async () => {
    const program = await code(
      typeOf(async (p) => {
        const running = p.exec("sleep", ["600"]);
        running.catch(() => {});
        await p.approve("Ship?");
      }),
    );
    expect(program!.message).toContain("while sleep runs");
    const step = await code(
      typeOf((p) =>
        p.stage("Ship", () =>
          p.each(["a"], (_, s) => Promise.all([delay(1), p.approve(`${s.name}?`)])),
        ),
      ),
    );
    expect(step!.message).toContain(
      'while the step "a" runs, and the wait ends it; ask before or after',
    );
  });

  it.each<[string, ApproveOptions, string]>([
    [
      "a default that is no choice",
      { default: "maybe" },
      "default takes one of its choices: yes, no",
    ],
    ["no choice but no", { choices: ["no"] }, "choices needs another one than no"],
    ["a choice twice", { choices: ["a", "a"] }, 'choices has "a" twice'],
    ["a choice of two lines", { choices: ["a\nb"] }, '"a\\nb" is no choice'],
    ["no time", { timeout: 0 }, "timeout takes a number of seconds above 0"],
  ])("%s", async (_, options, message) => {
    expect((await code(asks(options)))!.message).toContain(message);
  });

  it("a test that answers nothing", async () => {
    expect((await runOperation(asks())).error).toMatchObject({ code: "LIVEOPS_CANNOT_ASK" });
  });
});
