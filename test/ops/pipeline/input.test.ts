// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are shell scripts
/** What comes into a pipeline and decides its course: lists, variables of the shell, conditions, outcomes, pauses. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parsePipeline } from "../../../ops/pipeline/read/parse.js";
import { problemLines } from "../../../ops/pipeline/read/problems.js";
import type { PipelineResult } from "../../../ops/pipeline/run/pipeline.js";
import { pipelineType } from "../../../ops/pipeline/type.js";
import { prepare } from "../../../ops/types/prepare.js";
import { type OperationRun, runOperation } from "../../harness/testing/index.js";
import { temporary } from "../temporary.js";

function parse(text: string) {
  const parsed = parsePipeline(text, "/x/nightly.yaml");
  if (!parsed.ok) throw new Error(problemLines("f", parsed.problems).join("\n"));
  return parsed;
}

function problems(text: string): string[] {
  const parsed = parsePipeline(text, "/x/nightly.yaml");
  return parsed.ok ? [] : problemLines("f", parsed.problems);
}

const warnings = (text: string) => problemLines("f", parse(text).warnings);

/** Any type takes any parameters here. */
const again = runOperation as unknown as (...words: unknown[]) => Promise<OperationRun>;

const run = (text: string, params = {}, options = {}) =>
  again(pipelineType(parse(text).file), params, options);

const resultOf = (run: OperationRun) => run.result as PipelineResult;
const linesOf = (run: OperationRun) => run.texts("stdout");

const HEAD = "params:\n  args: { type: list }\nstages:\n  - name: A\n    ";

describe("a list in the words of a command", () => {
  const print = `${HEAD}run: [printf, "<%s>\\\\n", first, $args, last]\n`;

  it("becomes a word for each value, whatever the value is", async () => {
    const args = ["a b", "$(touch x)", "*", "", "--flag"];
    expect(linesOf(await run(print, { args }))).toEqual(
      ["first", ...args, "last"].map((word) => `<${word}>`),
    );
  });

  it("becomes no word without values, which is its default", async () => {
    expect(linesOf(await run(print))).toEqual(["<first>", "<last>"]);
  });

  it("may be the program with its arguments", async () => {
    const text = `${HEAD}run: [$args]\n`;
    expect(linesOf(await run(text, { args: ["echo", "a  b"] }))).toEqual(["a  b"]);
    expect((await run(text)).error?.message).toBe(
      '"A" has no program to run: its words are empty lists (at /x/nightly.yaml:5: $args)',
    );
  });

  it("is an error as a part of a word", () => {
    expect(problems(`${HEAD}run: [echo, "x$args"]\n`)).toEqual([
      "f:5:17: stages[0].run[1]: the parameter args is a list, which is no single text; as a word of its own, $args becomes a word for each value",
    ]);
  });

  it("is that of several steps too", async () => {
    const text = `stages:
  - { name: A, each: { n: [1, 2] }, run: 'echo "v=<$n>" >>"$LIVEOPS_OUTPUT"', outputs: [v] }
  - { name: B, run: [printf, "%s\\n", $v] }
`;
    expect(linesOf(await run(text))).toEqual(["<1>", "<2>"]);
  });
});

describe("env_from", () => {
  const text = (stage: string) => `env_from: [DB_HOST]\nstages:\n  - ${stage}\n`;

  it("gives variables of the shell to scripts and words", async () => {
    const env = { DB_HOST: "h1" };
    expect(linesOf(await run(text('{ name: A, run: echo "$DB_HOST" }'), {}, { env }))).toEqual(["h1"]);
    expect(linesOf(await run(text('{ name: A, run: [echo, "on $DB_HOST"] }'), {}, { env }))).toEqual([
      "on h1",
    ]);
  });

  it("fails before the first stage where a variable is not set", async () => {
    const { error, record } = await run(text("{ name: A, run: echo }"));
    expect(error).toMatchObject({ code: "LIVEOPS_VARIABLE_MISSING" });
    expect(error?.message).toContain("--env NAME=VALUE for DB_HOST");
    expect(record.stageStates).toEqual({});
  });

  it("makes a stage run again where a variable has changed", async () => {
    const stages = text('{ name: A, run: echo "$DB_HOST" }\n  - { name: B, run: exit "$CODE" }');
    const first = await run(stages, {}, { env: { DB_HOST: "h1", CODE: "1" } });
    const same = await run(stages, {}, { env: { DB_HOST: "h1", CODE: "0" }, resumeFrom: first });
    expect(linesOf(same)).toEqual([]);
    const other = await run(stages, {}, { env: { DB_HOST: "h2", CODE: "0" }, resumeFrom: first });
    expect(linesOf(other)).toEqual(["h2"]);
  });

  it.each([
    ["env_from: []", "f:1:11: env_from takes a list of names of variables, not an empty list"],
    [
      "env_from: [a-b]",
      'f:1:12: env_from: "a-b" is not the name of a variable: use letters, digits and _, such as a_b',
    ],
    [
      "env_from: [LIVEOPS_X]",
      "f:1:12: env_from: LIVEOPS_X is reserved: names of liveops begin with LIVEOPS_",
    ],
    [
      "env_from: [A, A]",
      'f:1:15: env_from: "A" is the name of the variable A of env_from already; remove one of them',
    ],
    [
      "params: { A: }\nenv_from: [A]",
      'f:2:12: env_from: "A" is the name of the parameter A already; remove one of them',
    ],
    ["passenv: [A]", 'f:1:1: "passenv" is not a key of a pipeline; write env_from'],
  ])("refuses %s", (top, problem) => {
    expect(problems(`${top}\nstages: [{ name: A, run: x }]\n`)).toEqual([problem]);
  });
});

describe("the source of a secret", () => {
  const text = (param: string) =>
    `params: { token: ${param} }\nstages: [{ name: A, run: 'test "$token" = s3cr3t' }]\n`;
  const file = parse(text('{ secret: true, from: "env:TOKEN" }')).file;

  it("is that of the file, unless the submit names another one", async () => {
    const dir = temporary();
    writeFileSync(join(dir, "token"), "s3cr3t\n");
    const given = { token: `file:${join(dir, "token")}` };
    expect((await again(pipelineType(file), {}, { env: { TOKEN: "s3cr3t" } })).error).toBeNull();
    expect((await again(pipelineType(file), given)).error).toBeNull();
    expect((await again(pipelineType(file))).error).toMatchObject({ code: "LIVEOPS_SECRET_MISSING" });
  });

  it("is kept with the operation, and the submit must have its value", async () => {
    const { params, fromShell } = await prepare(pipelineType(file), {});
    expect(params).toEqual({ token: "env:TOKEN" });
    expect(fromShell).toEqual({ variables: [], secrets: { token: "env:TOKEN" } });
    const typed = await prepare(pipelineType(parse(text('{ secret: true, from: "prompt:" }')).file), {});
    expect(typed.fromShell?.secrets).toEqual({ token: "prompt:token" });
    expect((await prepare(pipelineType(file), { set: ["token=file:/x"] })).fromShell).toBeUndefined();
  });

  it.each([
    [
      "{ from: env:TOKEN }",
      "f:1:20: params.token: from is the source of a secret; write secret: true, or default",
    ],
    [
      "{ secret: true, from: s3cr3t }",
      'f:1:40: params.token.from takes env:NAME, file:PATH or prompt:, not "s3cr3t"',
    ],
    [
      '{ secret: true, required: true, from: "env:A" }',
      "f:1:50: params.token: a required parameter takes no from; remove one",
    ],
  ])("refuses %s", (param, problem) => {
    expect(problems(text(param))).toEqual([problem]);
  });
});

describe("stop_when", () => {
  const text = (stop: string, more = "") => `stages:
  - { name: Look, run: 'echo "new=\${N:-0}" >>"$LIVEOPS_OUTPUT"', outputs: [new] }
  - { name: Load, stop_when: '${stop}', run: echo loaded${more} }
  - { name: Tell, run: echo told }
finally: echo "$LIVEOPS_OUTCOME $LIVEOPS_OUTCOME_LOOK $LIVEOPS_OUTCOME_LOAD $LIVEOPS_OUTCOME_TELL"
then: { op: verify, with: { n: $new } }
`;

  it("ends the pipeline successfully before the stage, with its reason", async () => {
    const ended = await run(text('test "$new" = 0'));
    expect(ended.record).toMatchObject({
      state: "succeeded",
      stageStates: { Look: "done", Load: "skipped", Tell: "skipped" },
      chain: { next: null },
    });
    expect(linesOf(ended)).toEqual(["succeeded succeeded skipped skipped"]);
    const reason = `the pipeline ended before "Load": stop_when exited with 0: test "$new" = 0`;
    expect(resultOf(ended)).toMatchObject({
      stoppedBefore: "Load",
      stages: { Load: { skipped: reason, exitCode: null }, Tell: { skipped: reason } },
    });
    const left = ended.events.filter((event) => event.type === "stage:left" && event.reason === reason);
    expect(left).toHaveLength(2);
    expect(ended.record.resultText).toBe('new=0\nended before "Load" by stop_when');
  });

  it("goes on after exit code 1, and fails the stage after another", async () => {
    const on = await run(text("false").replace(/then:.*\n/, ""));
    expect(linesOf(on)).toEqual(["loaded", "told", "succeeded succeeded succeeded succeeded"]);
    expect(resultOf(on).stages.Load).toMatchObject({ exitCode: 0 });
    const failed = await run(text("exit 3"));
    expect(failed.error?.message).toMatch(/^stop_when of "Load" exited with 3 at /);
    expect(linesOf(failed)).toEqual(["failed succeeded failed "]);
    const unset = await run(text('test "$nothing"'));
    expect(unset.error?.message).toMatch(/^stop_when of "Load": bash ended the script for an error in it/);
  });

  it("stands before when, and beside each and parallel", async () => {
    const each = (stop: string) =>
      run(`stages: [{ name: A, stop_when: [${stop}], each: { n: [1, 2] }, env: { X: $n }, run: echo "$X" }]`);
    expect(resultOf(await each("true")).stages.A?.skipped).toContain("stop_when exited with 0");
    expect(linesOf(await each("false")).sort()).toEqual(["1", "2"]);
    const failing = await run(
      "stages: [{ name: A, stop_when: 'false', parallel: [{ name: a, run: exit 4 }] }]",
    );
    expect(resultOf(failing).stages.A).toMatchObject({ exitCode: 4 });
    const both = await run(text("true", ", when: exit 5"));
    expect(both.error).toBeNull();
  });

  it("is not asked of a stage that is done", async () => {
    const dir = temporary();
    const stages = `stages:
  - { name: A, stop_when: 'test -e ${dir}/stop', run: touch ${dir}/stop }
  - { name: B, run: exit "$CODE" }
`;
    const first = await run(stages, {}, { env: { CODE: "1" } });
    const next = await run(stages, {}, { env: { CODE: "0" }, resumeFrom: first });
    expect(next.record.stageStates).toEqual({ A: "done", B: "done" });
  });
});

describe("the outcome of a stage", () => {
  it("is a variable of the commands after it", async () => {
    const done = await run(`stages:
  - { name: Unit tests (fast), run: exit 3, allow_failure: true }
  - { name: Lint, when: 'false', run: x }
  - { name: Build, run: 'true' }
  - name: Repair
    when: test "$LIVEOPS_OUTCOME_UNIT_TESTS_FAST" = failed
    run: [echo, $LIVEOPS_OUTCOME_UNIT_TESTS_FAST, $LIVEOPS_OUTCOME_LINT, $LIVEOPS_OUTCOME_BUILD]
`);
    expect(linesOf(done)).toEqual(["failed skipped succeeded"]);
  });

  it("is that of the stage which ended the pipeline, in finally, and empty of a stage that did not run", async () => {
    const failed = await run(
      `stages:
  - { name: A, run: exit 3 }
  - { name: B, run: 'true' }
finally: echo "<$LIVEOPS_OUTCOME_A> <$LIVEOPS_OUTCOME_B>"
`,
      {},
      { env: { LIVEOPS_OUTCOME_B: "of another pipeline" } },
    );
    expect(linesOf(failed)).toEqual(["<failed> <>"]);
  });

  it("is that of an earlier attempt where the stage is not run again", async () => {
    const stages = `stages:
  - { name: A, run: 'true' }
  - { name: B, run: 'echo "$LIVEOPS_OUTCOME_A"; exit "$CODE"' }
`;
    const first = await run(stages, {}, { env: { CODE: "1" } });
    expect(linesOf(await run(stages, {}, { env: { CODE: "0" }, resumeFrom: first }))).toEqual(["succeeded"]);
  });

  it("is checked where the file is read", () => {
    const text = (word: string, second = "B") =>
      `stages:\n  - { name: A, when: 'test "$LIVEOPS_OUTCOME_${word}" = x', run: x }\n  - { name: ${second}, run: x }\n`;
    expect(warnings(text("B"))[0]).toMatch(
      /^f:2:29: warning: stages\[0\]\.when: nothing sets \$LIVEOPS_OUTCOME_B; it is the outcome of the stage "B", which has not run then$/,
    );
    expect(warnings(text("A", "a"))[0]).toContain(
      'it is the outcome of the stages "A" and "a"; give one of them another name',
    );
    const later = `stages:\n  - { name: Lint, run: x }\n  - { name: B, run: [echo, $LIVEOPS_OUTCOME_LINTT] }\n`;
    expect(problems(later)[0]).toMatch(/^f:3:28: .*; did you mean LIVEOPS_OUTCOME_LINT\?/);
  });
});

describe("backoff", () => {
  const retried = (backoff: string) =>
    `stages: [{ name: A, run: exit 1, retry: { attempts: 4, backoff: ${backoff} } }]\n`;

  it.each([
    ["10ms", ["10ms", "20ms", "40ms"]],
    ["{ delay: 20ms, factor: 1 }", ["20ms", "20ms", "20ms"]],
    ["{ delay: 4ms, factor: 3 }", ["4ms", "12ms", "36ms"]],
    ["{ delay: 10ms }", ["10ms", "20ms", "40ms"]],
  ])("%s gives the pauses", async (backoff, pauses) => {
    const { events } = await run(retried(backoff));
    const shown = events.flatMap((event) => (event.type === "status:changed" ? [event.status.text] : []));
    expect(shown.flatMap((text) => / in (.*)$/.exec(text)?.[1] ?? [])).toEqual(pauses);
  });

  it.each([
    ["{ factor: 1 }", "f:1:65: backoff needs the key delay: a duration, such as 500ms, 10s or 2m"],
    [
      "{ delay: 5m, factor: 0 }",
      'f:1:86: stages[0].retry.backoff.factor takes a number from 1 to 10, not "0"',
    ],
    ["{ delay: 5m, multiplier: 1 }", 'f:1:78: "multiplier" is not a key of backoff; write factor'],
    [
      "soon",
      'f:1:65: stages[0].retry.backoff takes a duration, such as 500ms, 10s or 2m, or a map with delay and factor, not "soon"',
    ],
  ])("refuses %s", (backoff, problem) => {
    expect(problems(retried(backoff))).toEqual([problem]);
  });
});

it("the shipped examples and demos are valid", () => {
  for (const name of ["examples/build-and-test", "examples/dump-database", "features/demo/release"]) {
    const text = readFileSync(new URL(`../../../ops/${name}.yaml`, import.meta.url), "utf8");
    expect(problems(text)).toEqual([]);
  }
});
