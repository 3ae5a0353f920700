/** The core of text mode: events and log lines in, printed lines out. */
import { expect, test } from "vitest";
import { step, textState } from "../../../tui/text/lines.js";
import { valueLines } from "../../../tui/text/result.js";
import { Story } from "../../harness/records.js";

/** All that is printed, as `out` and `err` lines. */
function printed(stories: Story[], options = {}): string[] {
  let state = textState(options);
  const lines: string[] = [];
  for (const line of stories.flatMap((story) => story.lines)) {
    const next = step(state, line);
    state = next.state;
    for (const each of next.lines) if (each.to !== "bar") lines.push(`${each.to} ${each.text}`);
  }
  return lines;
}

test("headers, status, lines and result, as the seed prints them", () => {
  const story = new Story()
    .started()
    .entered("Load", 0)
    .log("reading")
    .left("Load", 0)
    .entered("Warm up", null)
    .left("Warm up", null)
    .entered("Process", 1)
    .event({ type: "status:changed", status: { text: "half way", level: "info" } })
    .log("from the process", "stderr")
    .left("Process", 1)
    .entered("Save", 2)
    .left("Save", 2)
    .finished("succeeded", { count: 3, names: ["a", "b"], note: "one\ntwo" });
  expect(printed([story])).toEqual([
    "out === [1/3] Load ===",
    "out reading",
    "out === Warm up ===",
    "out === [2/3] Process ===",
    "out half way",
    "out from the process",
    "out === [3/3] Save ===",
    "out count=3",
    'out names=["a","b"]',
    "out note=one\\ntwo",
  ]);
});

test("a result with a text of its own is printed as that text, line by line, made harmless", () => {
  const story = new Story().started().event({
    type: "operation:finished",
    state: "succeeded",
    result: { files: 3 },
    resultText: "3 files\n  in /tmp\x1b[31m",
    error: null,
    next: null,
  });
  expect(printed([story])).toEqual(["out 3 files", "out   in /tmp\\x1b[31m"]);
});

test("an edit of a queued operation is noted", () => {
  const changes = { params: { a: 1 }, title: "A", stages: ["A"], label: null };
  const story = new Story().event({ type: "operation:edited", changes });
  expect(printed([story])).toEqual(["err edited: params, label"]);
  const pipeline = (text: string, target: string) => ({
    text,
    path: "/a.yaml",
    params: { target },
  });
  const retry = (text: string, target: string) =>
    printed([
      new Story({ op: "pipeline", params: pipeline("old", "x") }).event({
        type: "operation:edited",
        changes: { params: pipeline(text, target), title: "A" },
      }),
    ]);
  expect(retry("new", "x")).toEqual(["err edited: text"]);
  expect(retry("new", "y")).toEqual(["err edited: params"]);
});

test("a status of several lines is one line: a second one could look like a header", () => {
  const text = "fine\n=== [3/3] Save ===\r\nmore";
  const story = new Story()
    .started()
    .event({ type: "status:changed", status: { text, level: "info" } });
  expect(printed([story])).toEqual(["out fine\\n=== [3/3] Save ===\\r\\nmore"]);
});

test("the chain continues in the same stream", () => {
  const first = new Story()
    .started()
    .entered("Load", 0)
    .left("Load", 0)
    .finished("succeeded", null, "ccc333ddd444");
  const chain = { id: "aaa111bbb222", index: 1, previous: "aaa111bbb222", next: null };
  const second = new Story({ id: "ccc333ddd444", op: "step-b", stages: ["Open", "Close"], chain })
    .started()
    .entered("Open", 0)
    .finished("succeeded", 7);
  expect(printed([first, second])).toEqual([
    "out === [1/3] Load ===",
    "err chained to step-b (ccc333ddd444)",
    "out === [1/2] Open ===",
    "out result=7",
  ]);
});

test("errors go to stderr, with the stack where nothing else keeps it", () => {
  const story = new Story()
    .started()
    .entered("Load", 0)
    .left("Load", 0, "failed")
    .finished("failed");
  expect(printed([story])).toEqual(["out === [1/3] Load ===", "err failed: it broke"]);
  expect(printed([story], { stacks: true }).at(-1)).toBe("err     at x");
});

test.each([
  ["it broke", "Error: it broke\n    at x", ["err failed: it broke", "err     at x"]],
  ["one\ntwo", "Error: one\ntwo\n    at x", ["err failed: one\ntwo", "err     at x"]],
  [
    "not a function",
    "TypeError: not a function\n    at x",
    ["err failed: not a function", "err TypeError\n    at x"],
  ],
  [
    "many (a; b)",
    "AggregateError: many\n    at x",
    ["err failed: many (a; b)", "err AggregateError\n    at x"],
  ],
  ["it broke", "Error: it broke", ["err failed: it broke"]],
  ["2 of 3 steps failed", "StepsError: 2 of 3 steps failed", ["err failed: 2 of 3 steps failed"]],
  [
    "it broke",
    "Error: another\n    at x",
    ["err failed: it broke", "err Error: another\n    at x"],
  ],
])("the message of a failure is not said again with its stack: %j, %j", (message, stack, lines) => {
  const error = { code: "LIVEOPS_EXCEPTION", message, stack };
  const story = new Story().started().finished("failed", null, null, error);
  expect(printed([story], { stacks: true })).toEqual(lines);
});

test("a failure of liveops' own doing says its code", () => {
  const story = new Story().started().event({
    type: "operation:finished",
    state: "failed",
    result: null,
    error: { code: "LIVEOPS_WORKER_LOST", message: "its worker died", stack: null },
    next: null,
  });
  expect(printed([story])).toEqual(["err failed: its worker died (LIVEOPS_WORKER_LOST)"]);
});

test("a stage that an earlier attempt did is shown as done then", () => {
  const story = new Story()
    .started()
    .finished("failed")
    .event({ type: "operation:retried", from: null })
    .started(2)
    .entered("Load", 0)
    .left("Load", 0, "done", true, { reason: "done in attempt 1" })
    .entered("Process", 1)
    .finished("cancelled");
  expect(printed([story])).toEqual([
    "err failed: it broke",
    "err retried",
    "err attempt 2",
    "out === [1/3] Load ===",
    "out done in attempt 1",
    "out === [2/3] Process ===",
    "err cancelled",
  ]);
});

test("an allowed failure and a skipped stage have a sign and words, and untrusted reasons are one line", () => {
  const error = { code: "LIVEOPS_EXCEPTION", message: "no remote", stack: null };
  const story = new Story()
    .started()
    .entered("Load", 0)
    .left("Load", 0, "allowed-failure", false, { error })
    .entered("Process", 1)
    .left("Process", 1, "skipped", false, { reason: "no \x1b[31mfiles\n=== x ===" })
    .entered("Save", 2)
    .left("Save", 2, "postponed" as "done")
    .finished("succeeded");
  expect(printed([story])).toEqual([
    "out === [1/3] Load ===",
    "out ▲ allowed failure",
    "out === [2/3] Process ===",
    "out » skipped: no \\x1b[31mfiles\\n=== x ===",
    "out === [3/3] Save ===",
  ]);
});

test("notes of liveops are not output of the operation", () => {
  expect(printed([new Story().log("did you mean Load?", "liveops")])).toEqual([
    "err did you mean Load?",
  ]);
});

test("nothing of an operation's text reaches the terminal as a control", () => {
  const evil = "\x1b]0;x\x07\x9b2J\u202e";
  const story = new Story({ stages: [evil] })
    .started()
    .entered(evil, 0)
    .log(evil)
    .log(evil, "liveops")
    .event({ type: "status:changed", status: { text: evil, level: "error" } })
    .finished("succeeded", { [evil]: evil, nested: [evil] });
  for (const line of printed([story])) expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
});

test("a log line keeps the colours of its program, which end with the line", () => {
  const story = new Story().log("\x1b[31mred\x1b[2J").log("next").log("\x1b[31mnote", "liveops");
  expect(printed([story])).toEqual(["out \x1b[31mred\x1b[0m", "out next", "err \\x1b[31mnote"]);
});

test("a failed program's last lines are not printed twice", () => {
  const failed = (message: string) =>
    new Story()
      .started()
      .log("\x1b[31mno rule\x1b[0m", "stdout")
      .log("stop", "stdout")
      .log("make: Leaving directory '/srv'", "stdout")
      .event({
        type: "operation:finished",
        state: "failed",
        result: { exitCode: 2 },
        error: { code: "LIVEOPS_EXCEPTION", message, stack: null },
        next: null,
      });
  expect(printed([failed("make exited with 2\nno rule\nstop")]).at(-1)).toBe(
    "err failed: make exited with 2",
  );
  expect(printed([failed("make exited with 2\nother\nstop")]).at(-1)).toBe(
    "err failed: make exited with 2\nother\nstop",
  );
});

test("the bar belongs to its stage, and is removed with it", () => {
  const progress = { done: 1, total: 2, unit: "row", label: "Rows", rate: null, etaSeconds: null };
  const story = new Story()
    .started()
    .entered("Load", 0)
    .event({ type: "progress:changed", percent: 50, progress })
    .left("Load", 0);
  let state = textState();
  const bars = story.lines.flatMap((line) => {
    const next = step(state, line);
    state = next.state;
    return next.lines.filter((each) => each.to === "bar").map((each) => each.view);
  });
  expect(bars).toEqual([
    null,
    expect.objectContaining({ percent: 50, progress, stage: "Load" }),
    null,
  ]);
});

test("the bar of an untracked stage has its name", () => {
  const at = (percent: number) => ({ type: "progress:changed", percent, progress: null }) as const;
  const story = new Story()
    .started()
    .entered("Load", 0)
    .entered("Warm cache", null)
    .event(at(60))
    .left("Warm cache", null)
    .event(at(20));
  let state = textState();
  const bars = story.lines.flatMap((line) => {
    const next = step(state, line);
    state = next.state;
    return next.lines.flatMap((each) => (each.to === "bar" && each.view ? [each.view] : []));
  });
  expect(bars.map(({ percent, stage }) => [percent, stage])).toEqual([
    [60, "Warm cache"],
    [20, "Load"],
  ]);
});

test("what is kept does not grow with the stages", () => {
  const story = new Story().started().entered("Load", 0).left("Load", 0).entered("Process", 1);
  let state = textState();
  for (const line of story.lines) state = step(state, line).state;
  expect(state.operation).toMatchObject({ currentStage: 1, stageStates: {}, stageTimes: {} });
});

test("values of results", () => {
  expect(valueLines(null)).toEqual([]);
  expect(valueLines("text")).toEqual(["result=text"]);
  expect(valueLines([1])).toEqual(["result=[1]"]);
  expect(valueLines({})).toEqual([]);
  expect(valueLines({ a: null, b: { c: 1 } })).toEqual(["a=null", 'b={"c":1}']);
});

test("the lines of a step name it, its end is a line, and only the bar of the stage is drawn", () => {
  const finished = { type: "step:finished", stage: "Load", resumed: false, seconds: 2 } as const;
  const error = { code: "LIVEOPS_EXCEPTION", message: "it broke\nat line 3", stack: null };
  const story = new Story()
    .started()
    .entered("Load", 0)
    .event({ type: "step:entered", stage: "Load", step: "unit", total: 4 })
    .event({ type: "progress:changed", step: "unit", percent: 50, progress: null })
    .event({ type: "status:changed", step: "unit", status: { text: "half\nway", level: "info" } })
    .event({ ...finished, step: "unit", state: "failed", error })
    .event({ ...finished, step: "lint", state: "ended", reason: 'the step "unit" failed' })
    .event({ ...finished, step: "old", state: "done", resumed: true, reason: "done in attempt 1" })
    .event({ ...finished, step: "not", state: "skipped", reason: "no need" })
    .log('step "may" failed, and its failure is allowed: it broke', "liveops")
    .event({ ...finished, step: "may", state: "allowed-failure", error })
    .event({ ...finished, step: "e2e", state: "done" });
  let state = textState();
  const lines = story.lines.flatMap((line) => {
    const next = step(state, line);
    state = next.state;
    return next.lines.flatMap((each) =>
      each.to === "bar"
        ? []
        : [each.step === undefined ? each.text : `[${each.step}] ${each.text}`],
    );
  });
  expect(lines).toEqual([
    "=== [1/3] Load ===",
    "[unit] half\\nway",
    "[unit] ✗ failed  2s: it broke",
    '[lint] ⊘ ended  2s: the step "unit" failed',
    "[old] done in attempt 1",
    "[not] » skipped: no need",
    'step "may" failed, and its failure is allowed: it broke',
    "[may] ▲ allowed failure  2s",
    "[e2e] ✓ done  2s",
  ]);
});
