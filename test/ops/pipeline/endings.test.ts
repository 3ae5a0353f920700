/** How pipelines end and continue: `finally` under each ending, resume with reasons, and `then`. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { InlineLink } from "../../../ops/attempt/inline-link.js";
import type { Pipeline } from "../../../ops/pipeline/definition.js";
import { gracePeriodOf } from "../../../ops/pipeline/run/finally.js";
import type { PipelineResult } from "../../../ops/pipeline/run/pipeline.js";
import { LiveOperation, z } from "../../../ops/sdk/index.js";
import { prepareSubmission } from "../../../ops/types/prepare.js";
import type { OperationCtor } from "../../../ops/types/read-type.js";
import { runOperation, startOperation } from "../../harness/testing/index.js";
import { isRunning } from "../pids.js";
import { temporary } from "../temporary.js";
import {
  command,
  envOf,
  fileOf,
  param,
  script,
  stage,
  template,
  typeOf,
  words,
} from "./hand-made.js";

type Stages = Parameters<typeof fileOf>[0];

const END = 'echo "$LIVEOPS_OUTCOME|$LIVEOPS_FAILED_STAGE|${size-none}" >end';

function withFinally(stages: Stages, more: Partial<Pipeline> = {}, run = END) {
  return typeOf(fileOf(stages, { finally: command(run, { timeout: 5 }), ...more }));
}

describe("finally", () => {
  const out = stage("Out", 'echo size=7 >>"$LIVEOPS_OUTPUT"', { outputs: ["size"] });

  it("runs after success, with the outputs", async () => {
    const cwd = temporary();
    const { state } = await runOperation(withFinally([out]), {}, { cwd });
    expect(state).toBe("succeeded");
    expect(readFileSync(join(cwd, "end"), "utf8")).toBe("succeeded||7\n");
  });

  it("runs after a failure, and the failure stays the outcome", async () => {
    const cwd = temporary();
    const { state, error, result } = await runOperation(
      withFinally([out, stage("Bad", "exit 5")]),
      {},
      { cwd },
    );
    expect(state).toBe("failed");
    expect(error?.message).toMatch(/^"Bad" exited with 5 /);
    expect(result).toMatchObject({
      exitCode: 5,
      outputs: { size: "7" },
      stages: { Bad: { exitCode: 5 } },
    });
    expect(readFileSync(join(cwd, "end"), "utf8")).toBe("failed|Bad|7\n");
  });

  it("runs after a cancel, once the command of the stage has ended", async () => {
    const cwd = temporary();
    const sleeper = stage("Sleep", 'echo "pid $$"; exec sleep 60');
    const run = startOperation(
      withFinally([sleeper], {}, `${END}; kill -0 "$(cat pid)" && exit 9; true`),
      {},
      { cwd },
    );
    const { text } = await run.untilLog(/^pid /);
    writeFileSync(join(cwd, "pid"), text.slice(4));
    const { state, record, log } = await run.cancel();
    expect(state).toBe("cancelled");
    expect(record.stageStates).toEqual({ Sleep: "cancelled" });
    expect(log.map((line) => line.text)).not.toContainEqual(
      expect.stringMatching(/^finally exited/),
    );
    expect(readFileSync(join(cwd, "end"), "utf8")).toBe("cancelled|Sleep|none\n");
  });

  it("runs after the timeout of the operation and of a stage", async () => {
    const cwd = temporary();
    const whole = await runOperation(
      withFinally([stage("A", "exec sleep 60")]),
      {},
      { cwd, timeout: 0.3 },
    );
    expect(whole.error?.code).toBe("LIVEOPS_TIMEOUT");
    expect(readFileSync(join(cwd, "end"), "utf8")).toBe("timeout|A|none\n");
    const one = await runOperation(
      withFinally([stage("A", "exec sleep 60", { timeout: 0.3 })]),
      {},
      { cwd },
    );
    expect(one.error?.message).toMatch(/^"A" ran longer than its timeout of 300ms/);
    expect(readFileSync(join(cwd, "end"), "utf8")).toBe("failed|A|none\n");
  });

  it("that fails is shown and changes no outcome", async () => {
    const { state, result, texts, statuses, record } = await runOperation(
      withFinally([stage("A", "true")], {}, "echo oops; exit 3"),
    );
    expect(state).toBe("succeeded");
    const problem = "finally exited with 3 at /pipelines/nightly.yaml:1: echo oops; exit 3";
    expect((result as PipelineResult).warnings).toEqual([problem]);
    expect(record.resultText).toContain(`warning: ${problem}`);
    expect(texts("log")).toContain(problem);
    // It is in the log already, as the output of the command.
    expect(texts("log")).not.toContain("oops");
    expect(statuses.at(-1)).toEqual({ text: problem, level: "warning" });
  });

  it("that runs too long is stopped with its processes", async () => {
    const file = fileOf([stage("A", "true")], {
      finally: command('sleep 60 & echo "$!"; wait', { timeout: 0.3 }),
    });
    const { state, result, texts } = await runOperation(typeOf(file));
    expect(state).toBe("succeeded");
    expect((result as PipelineResult).warnings).toEqual([
      expect.stringMatching(/^finally ran longer than its timeout of 300ms/),
    ]);
    expect(isRunning(Number(texts("stdout")[0]))).toBe(false);
  });

  it("fits into the grace period of the type", () => {
    const grace = (timeout: number | null) =>
      gracePeriodOf(fileOf([], { finally: command("true", { timeout }) }).pipeline);
    expect(gracePeriodOf(fileOf([]).pipeline)).toBe(10);
    // The command of a stage: 8 s and 1 s for the kill; finally: its timeout, 5 s and 1 s.
    expect(grace(null)).toBeGreaterThanOrEqual(9 + 60 + 6);
    expect(grace(300)).toBeGreaterThanOrEqual(9 + 300 + 6);
  });

  it("does not run where no stage could run", async () => {
    const cwd = temporary();
    const type = withFinally([stage("A", "true")], { params: [param("v")] });
    const { state } = await runOperation(type, { v: "x".repeat(130_000) } as never, { cwd });
    expect(state).toBe("failed");
    expect(existsSync(join(cwd, "end"))).toBe(false);
  });
});

describe("a later attempt", () => {
  const mark = (name: string) => `echo ${name} >>marks`;
  const failing = stage("C", "echo C >>marks; [ -e ok ]");
  const stages = [
    stage("A", 'echo A >>marks; echo v=1 >>"$LIVEOPS_OUTPUT"', { outputs: ["v"] }),
    stage("B", mark("B")),
    failing,
  ];
  const marks = (cwd: string) =>
    readFileSync(join(cwd, "marks"), "utf8").trim().split("\n").join("");

  it("runs a changed stage again, and all after it, with the reason", async () => {
    const cwd = temporary();
    const first = await runOperation(typeOf(fileOf(stages)), {}, { cwd });
    // Moved to another line, with other limits: not changed. B has another script.
    const edited = [
      {
        ...stages[0]!,
        timeout: 9,
        run: script('echo A >>marks; echo v=1 >>"$LIVEOPS_OUTPUT"', 99),
      },
      stage("B", "echo b >>marks"),
      failing,
    ];
    const second = await runOperation(typeOf(fileOf(edited)), {}, { cwd, resumeFrom: first });
    expect(marks(cwd)).toBe("ABCbC");
    expect(second.record.stageTimes.A?.reason).toBe("done in attempt 1");
    expect(second.record.stageTimes.B?.reason).toBe("the stage's script changed");
    expect(second.texts("liveops")).toContain("runs again: the stage's script changed");
    // B has run in attempt 2, so the new C is done after it.
    writeFileSync(join(cwd, "ok"), "");
    const third = await runOperation(typeOf(fileOf(edited)), {}, { cwd, resumeFrom: second });
    expect(marks(cwd)).toBe("ABCbCC");
    expect(third.record.stageTimes.B?.reason).toBe("done in attempt 2");
  });

  it("does not trust a stage that was done before a changed one failed", async () => {
    const cwd = temporary();
    const type = (a: string, c: string) =>
      typeOf(fileOf([stage("A", a), stage("B", mark("B")), stage("C", c)]));
    const first = await runOperation(type(mark("A"), "exit 1"), {}, { cwd });
    // The changed A succeeds, and the operation is cancelled before B runs again.
    const cancelAt = { stage: "B" };
    const second = await runOperation(
      type(mark("a"), "exit 1"),
      {},
      { cwd, resumeFrom: first, cancelAt },
    );
    expect(second.state).toBe("cancelled");
    const third = await runOperation(type(mark("a"), "true"), {}, { cwd, resumeFrom: second });
    expect(third.record.stageTimes.A?.reason).toBe("done in attempt 2");
    expect(third.record.stageTimes.B?.reason).toBe('the stage "A" before it ran again');
    expect(marks(cwd).replace(/B+$/, "B")).toBe("ABaB");
  });

  it("runs an allowed failure again; what follows runs again only if it succeeds now", async () => {
    const cwd = temporary();
    const type = typeOf(
      fileOf([stage("A", "[ -e fixed ]", { allowFailure: true }), stage("B", mark("B")), failing]),
    );
    const first = await runOperation(type, {}, { cwd });
    const second = await runOperation(type, {}, { cwd, resumeFrom: first });
    expect(marks(cwd)).toBe("BCC");
    writeFileSync(join(cwd, "fixed"), "");
    await runOperation(type, {}, { cwd, resumeFrom: second });
    expect(marks(cwd)).toBe("BCCBC");
  });
});

describe("then", () => {
  class Verify extends LiveOperation<typeof Verify> {
    static params = z.object({
      size: z.number(),
      level: z.number(),
      name: z.string(),
      list: z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])),
      missing: z.string().optional(),
    });
    run() {}
  }

  /** The outcome of a run that finds types by name. */
  async function ended(more: Partial<Pipeline>, stages: Stages, params = {}) {
    const file = fileOf(stages, {
      params: [param("level", { type: "integer" }), param("gone")],
      ...more,
    });
    const Type = typeOf(file) as unknown as OperationCtor;
    const id = "abcdefghijkl";
    const chain = { id, index: 0, previous: null, next: null };
    const place = { id, label: null, cwd: process.cwd(), chain };
    const submission = await prepareSubmission(Type, { params: { level: 6, ...params } }, place);
    const findType = async (op: string) => {
      if (op !== "verify") throw new Error(`there is no operation type "${op}"`);
      return Verify as unknown as OperationCtor;
    };
    const link = new InlineLink(submission, { event() {}, line() {} }, { findType });
    return await link.run(Type, new AbortController().signal, () => {});
  }

  const sized = [stage("A", 'echo size=123 >>"$LIVEOPS_OUTPUT"', { outputs: ["size"] })];
  const text = (value: string) => ({ kind: "text" as const, text: template(value) });

  it("passes values with their types, and an output as the next type reads it", async () => {
    const list = [text("$level"), text("l$level"), { kind: "constant" as const, value: null }];
    const given = {
      size: text("$size"),
      level: text("$level"),
      name: text("n$size"),
      list: { kind: "list" as const, items: list },
      missing: text("$gone"),
    };
    const { next, error } = await ended(
      { then: { op: "verify", line: 1, column: 1, with: new Map(Object.entries(given)) } },
      sized,
    );
    expect(error).toBeNull();
    expect(next).toMatchObject({ op: "verify", chain: { index: 1, previous: "abcdefghijkl" } });
    expect(next?.params).toEqual({ size: 123, level: 6, name: "n123", list: [6, "l6", null] });
  });

  it("fails with the name of the type, or what it does not take", async () => {
    const unknown = await ended(
      { then: { op: "verfy", line: 1, column: 1, with: new Map() } },
      sized,
    );
    expect(unknown.error).toMatchObject({
      code: "LIVEOPS_CHAIN_TYPE",
      message: 'the chain cannot continue with verfy: there is no operation type "verfy"',
    });
    const refused = await ended(
      { then: { op: "verify", line: 1, column: 1, with: new Map([["size", text("x")]]) } },
      sized,
    );
    expect(refused.error).toMatchObject({
      code: "LIVEOPS_PARAMS_INVALID",
      message: expect.stringMatching(
        /^the chain cannot continue with verify: size takes a number, not "x"/,
      ),
    });
  });
});

describe("env and words of finally", () => {
  it("say what is missing, as a warning", async () => {
    const out = stage("A", 'echo dir=/x >>"$LIVEOPS_OUTPUT"; exit 1', { outputs: ["size", "dir"] });
    const run = words("echo", "$dir", "$size");
    const file = fileOf([out], { finally: command(run, { env: envOf({ X: "$size" }) }) });
    const { texts, error, result } = await runOperation(typeOf(file));
    expect(error?.message).toMatch(/^"A" exited with 1/);
    // Written before the failure: finally may need it.
    expect((result as PipelineResult).outputs).toEqual({ dir: "/x" });
    expect(texts("log")).toContain('finally: the output size is missing: the stage "A" failed');
  });
});
