// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are shell scripts
/** What comes into a pipeline and decides its course: lists, secrets, outcomes, pauses. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parsePipeline } from "../../../ops/pipeline/read/parse.js";
import { problemLines } from "../../../ops/pipeline/read/problems.js";
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
    expect((await again(pipelineType(file))).error).toMatchObject({
      code: "LIVEOPS_SECRET_MISSING",
    });
  });

  it("is kept with the operation, and the submit must have its value", async () => {
    const { params, secretSources } = await prepare(pipelineType(file), {});
    expect(params).toEqual({ token: "env:TOKEN" });
    expect(secretSources).toEqual({ token: "env:TOKEN" });
    const typed = await prepare(
      pipelineType(parse(text('{ secret: true, from: "prompt:" }')).file),
      {},
    );
    expect(typed.secretSources).toEqual({ token: "prompt:token" });
    expect(
      (await prepare(pipelineType(file), { set: ["token=file:/x"] })).secretSources,
    ).toBeUndefined();
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
    expect(linesOf(await run(stages, {}, { env: { CODE: "0" }, resumeFrom: first }))).toEqual([
      "succeeded",
    ]);
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

  it("doubles with each run", async () => {
    const { events } = await run(retried("10ms"));
    const shown = events.flatMap((event) =>
      event.type === "status:changed" ? [event.status.text] : [],
    );
    expect(shown.flatMap((text) => / in (.*)$/.exec(text)?.[1] ?? [])).toEqual([
      "10ms",
      "20ms",
      "40ms",
    ]);
  });

  it("takes a duration", () => {
    expect(problems(retried("soon"))).toEqual([
      'f:1:65: stages[0].retry.backoff takes a duration, such as 500ms, 10s or 2m, not "soon"',
    ]);
  });
});

it("the shipped examples and demos are valid", () => {
  for (const name of [
    "examples/build-and-test",
    "examples/dump-database",
    "features/demo/release",
  ]) {
    const text = readFileSync(new URL(`../../../ops/${name}.yaml`, import.meta.url), "utf8");
    expect(problems(text)).toEqual([]);
  }
});
