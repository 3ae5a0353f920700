// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are shell scripts
/** `parallel` and `each`: what is read and refused, and how the steps run. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parsePipeline } from "../../../ops/pipeline/read/parse.js";
import { problemLines } from "../../../ops/pipeline/read/problems.js";
import type { CommandContext } from "../../../ops/pipeline/run/command.js";
import { valuesOfEach } from "../../../ops/pipeline/run/each.js";
import type { PipelineResult } from "../../../ops/pipeline/run/pipeline.js";
import { Variables } from "../../../ops/pipeline/run/variables.js";
import { pipelineType } from "../../../ops/pipeline/type.js";
import { Pipeline } from "../../../ops/pipeline.js";
import { type OperationRun, runOperation } from "../../harness/testing/index.js";
import { temporary } from "../temporary.js";

/** A user who may read little. */
const NOBODY = 65534;

function read(text: string) {
  const parsed = parsePipeline(text, "/x/nightly.yaml");
  if (!parsed.ok) throw new Error(problemLines("f", parsed.problems).join("\n"));
  return parsed.file;
}

function problems(text: string): string[] {
  const parsed = parsePipeline(text, "/x/nightly.yaml");
  return parsed.ok ? [] : problemLines("f", parsed.problems);
}

/** A pipeline with one stage, whose keys are given. */
const stage = (keys: string, top = "") =>
  `${top}stages:\n  - name: Check\n    ${keys.replaceAll("\n", "\n    ")}\n`;

/** Any type takes any parameters here. */
const again = runOperation as unknown as (...words: unknown[]) => Promise<OperationRun>;

const run = (text: string, options = {}, params = {}) =>
  again(pipelineType(read(text)), params, options);

const stepsOf = ({ record }: OperationRun, name = "Check") =>
  (record.steps?.[name] ?? []).map(({ name, state }) => `${name} ${state}`);
const linesOf = (run: OperationRun, step: string) =>
  run.log.filter((line) => line.step === step && line.stream === "stdout").map(({ text }) => text);
const resultOf = (run: OperationRun) => run.result as PipelineResult;

describe("what is wrong", () => {
  const cases: Array<[name: string, text: string, problem: string]> = [
    [
      "a name twice",
      stage("parallel:\n  - { name: a, run: x }\n  - { name: a, run: y }"),
      'f:5:17: the name "a" is that of the step in line 4 too; choose another',
    ],
    [
      "a step without a command",
      stage("parallel:\n  - { name: a }"),
      "f:4:9: a step needs the key run: a script (text), or a list of words; or op",
    ],
    [
      "a stage without a command",
      "stages:\n  - name: A\n",
      "f:2:5: a stage needs the key run: a script (text), or a list of words; or op, parallel or approve",
    ],
    [
      "parallel without steps",
      stage("parallel: []"),
      "f:3:15: stages[0].parallel takes a list of steps, each with name and run, not an empty list",
    ],
    [
      "run beside parallel",
      stage("run: x\nparallel: [{ name: a, run: x }]"),
      "f:3:5: stages[0].run is not possible beside parallel; write one of them",
    ],
    [
      "a timeout beside parallel",
      stage("timeout: 5\nparallel: [{ name: a, run: x }]"),
      "f:3:5: stages[0].timeout is not possible beside parallel; write it in each step that needs it",
    ],
    [
      "parallel in parallel",
      stage("parallel: [{ name: a, run: x, parallel: [] }]"),
      'f:3:35: "parallel" is not a key of a step, which has name, run, op, with, queue, env, cwd, when, timeout, retry, allow_failure, tty, outputs, needs, makes',
    ],
    [
      "at_once 0",
      stage("run: x\neach: { db: [a] }\nat_once: 0"),
      'f:5:14: stages[0].at_once takes a whole number from 1 to 200, not "0"',
    ],
    [
      "at_once without steps",
      stage("run: x\nat_once: 2"),
      "f:4:5: stages[0].at_once is for the steps of parallel or each, and the stage has none",
    ],
    [
      "on_failure",
      stage("run: x\neach: { db: [a] }\non_failure: go"),
      'f:5:17: stages[0].on_failure takes stop or finish, not "go"',
    ],
    [
      "each over nothing",
      stage("run: x\neach: { db: [] }"),
      "f:4:17: stages[0].each.db takes a list, $name of a list, { lines: FILE } or { glob: PATTERN }, not an empty list",
    ],
    [
      "each without names",
      stage("run: x\neach: {}"),
      "f:4:11: stages[0].each takes a map of names, each with a list, $name of a list, { lines: FILE } or { glob: PATTERN }, not an empty map",
    ],
    [
      "a value twice",
      stage("run: x\neach: { db: [a, b, a] }"),
      'f:4:24: stages[0].each.db has the value "a" twice; remove one',
    ],
    [
      "too many combinations",
      stage(
        `run: x\neach:\n  a: [${Array.from({ length: 101 }, (_, n) => n)}]\n  b: [${Array.from({ length: 100 }, (_, n) => n)}]`,
      ),
      "f:4:5: stages[0].each makes 10,100 steps, more than 10,000; divide the values among several stages",
    ],
    [
      "a name that is taken",
      stage("run: x\neach: { level: [a] }", "params: { level: }\n"),
      'f:5:13: each: "level" is the name of the parameter level; choose another name',
    ],
    [
      "a name of a program",
      stage("run: x\neach: { PATH: [a] }"),
      "f:4:13: each: PATH is a name that shells or programs use themselves; choose another name",
    ],
    [
      "a name that env hides",
      stage("run: x\neach: { db: [a] }\nenv: { db: b }"),
      "f:5:12: stages[0].env.db would hide the value db of each, which is a variable already",
    ],
    [
      "a parameter that is no list",
      stage("run: x\neach: { db: $dbs }", "params: { dbs: { required: true } }\n"),
      "f:5:17: stages[0].each.db: the parameter dbs is no list; a parameter is one with type: list",
    ],
    [
      "a list among the values",
      stage(
        "run: x\neach: { db: [main, $dbs] }",
        "params: { dbs: { type: list, required: true } }\n",
      ),
      "f:5:24: stages[0].each.db[1]: the parameter dbs is a list, which is no single text; in the place of the list of values, $dbs makes a step for each value",
    ],
    [
      "a number in quotes",
      stage('run: x\neach: { db: [a] }\nat_once: "4"'),
      'f:5:14: stages[0].at_once takes a whole number from 1 to 200, not "4"; remove the quotes',
    ],
    [
      "a flag in quotes",
      stage('run: x\nallow_failure: "true"'),
      'f:4:20: stages[0].allow_failure takes true or false, not "true"; remove the quotes',
    ],
    [
      "an unknown list",
      stage("run: x\neach: { db: $dsb }", "params: { dbs: { type: list, required: true } }\n"),
      "f:5:17: stages[0].each.db: $dsb is no parameter, no output of a stage above and no variable of env; did you mean dbs?",
    ],
    [
      "another source",
      stage("run: x\neach: { db: { files: x } }"),
      "f:4:17: stages[0].each.db takes a list, $name of a list, { lines: FILE } or { glob: PATTERN }, not a map",
    ],
    [
      "a secret",
      stage(
        "run: x\neach: { db: [$token] }",
        "params: { token: { secret: true, required: true } }\n",
      ),
      "f:5:18: stages[0].each.db[0]: the parameter token holds a secret, which would be visible as the name of a step",
    ],
    [
      "the output of a step beside it",
      stage(
        "parallel:\n  - { name: a, run: x, outputs: [size] }\n  - { name: b, run: [echo, $size] }",
      ),
      'f:5:32: stages[0].parallel[1].run[1]: $size is an output of the stage "Check", which has not run then',
    ],
    [
      "the key of another tool",
      stage("run: x\nmatrix: { db: [a] }"),
      'f:4:5: "matrix" is not a key of a stage; write each',
    ],
  ];

  it.each(cases)("%s is said with its place", (_name, text, problem) => {
    expect(problems(text)).toContain(problem);
  });
});

describe("parallel", () => {
  it("runs its steps side by side, with env and cwd of the stage, and their outputs are those of later stages", async () => {
    const dir = temporary();
    const text = `stages:
  - name: Check
    env: { COMMON: both, OWN: stage }
    parallel:
      - name: lint
        run: |
          touch lint; until test -e unit; do sleep 0.01; done
          echo "$COMMON $OWN"; echo "size=1" >>"$LIVEOPS_OUTPUT"; echo "only=lint" >>"$LIVEOPS_OUTPUT"
        outputs: [size, only]
      - name: unit
        env: { OWN: step }
        run: |
          touch unit; until test -e lint; do sleep 0.01; done
          echo "$COMMON $OWN"; echo "size=2" >>"$LIVEOPS_OUTPUT"
        outputs: [size]
      - { name: skipped, when: "false", run: touch skipped }
      - { name: allowed, run: exit 3, allow_failure: true }
    at_once: 2
  - name: Show
    run: echo "$size" "$only" | tr '\\n' ','
`;
    const done = await run(text, { cwd: dir });
    expect(done.error).toBeNull();
    expect(stepsOf(done)).toEqual([
      "lint done",
      "unit done",
      "skipped skipped",
      "allowed allowed-failure",
    ]);
    expect(linesOf(done, "lint")).toEqual(["both stage"]);
    expect(linesOf(done, "unit")).toEqual(["both step"]);
    expect(existsSync(join(dir, "skipped"))).toBe(false);
    expect(done.record.steps!.Check!.map(({ exitCode, reason }) => [exitCode, reason])).toEqual([
      [0, null],
      [0, null],
      [1, "when exited with 1: false"],
      [3, '"Check/allowed" exited with 3 at /x/nightly.yaml:17: exit 3'],
    ]);
    expect(done.texts("stdout")).toContain("1,2 lint,");
    expect(resultOf(done)).toMatchObject({
      exitCode: 0,
      outputs: { size: ["1", "2"], only: "lint" },
      stages: { Check: { exitCode: 0, steps: 4 } },
    });
  });

  it("fails with the step that failed, and its exit code; the others are ended", async () => {
    const text = stage(`parallel:
  - { name: slow, run: sleep 60 }
  - { name: unit, run: exit 7 }
at_once: 2`);
    const done = await run(text);
    expect(done.error!.message).toBe('"Check/unit" exited with 7 at /x/nightly.yaml:5: exit 7');
    expect(stepsOf(done)).toEqual(["slow ended", "unit failed"]);
    expect(resultOf(done)).toMatchObject({
      exitCode: 7,
      failedStage: "Check",
      stages: { Check: { steps: 2 } },
    });
  });
});

describe("each", () => {
  it("runs its command for all combinations, in order, and a list of outputs goes on in the chain", async () => {
    const text = stage(`each: { db: [main, a b], part: [1, 2.50] }
run: echo "$db-$part"; echo "size=$db $part" >>"$LIVEOPS_OUTPUT"
outputs: [size]
at_once: 4`);
    const done = await run(text);
    expect(done.error).toBeNull();
    expect(stepsOf(done)).toEqual([
      "main, 1 done",
      "main, 2.50 done",
      "a b, 1 done",
      "a b, 2.50 done",
    ]);
    expect(linesOf(done, "a b, 2.50")).toEqual(["a b-2.50"]);
    expect(resultOf(done).outputs).toEqual({ size: ["main 1", "main 2.50", "a b 1", "a b 2.50"] });
    expect(done.record.resultText).toBe("size:\n  main 1\n  main 2.50\n  a b 1\n  a b 2.50");
  });

  it("takes a list parameter, the lines of a file, and a pattern", async () => {
    const dir = temporary();
    for (const name of ["b.csv", "a.csv", "c.txt"]) writeFileSync(join(dir, name), "");
    writeFileSync(join(dir, "names"), "one\r\n\ntwo words\n");
    const text = `params: { dbs: { type: list, default: [x] }, names: { default: names } }
stages:
  - { name: List, each: { db: $dbs }, run: [echo, "<$db>"] }
  - { name: Lines, each: { line: { lines: $names } }, run: [echo, "<$line>"] }
  - { name: Files, each: { file: { glob: "*.csv" } }, run: [echo, "<$file>"] }
  - { name: All, run: printf '%s.' "$dbs" }
`;
    const done = await run(text, { cwd: dir }, { dbs: ["p", "q"] });
    expect(done.error).toBeNull();
    expect(["List", "Lines", "Files"].map((name) => stepsOf(done, name))).toEqual([
      ["p done", "q done"],
      ["one done", "two words done"],
      ["a.csv done", "b.csv done"],
    ]);
    expect(linesOf(done, "two words")).toContain("<two words>");
    expect(done.texts("stdout").slice(-2)).toEqual(["p", "q."]);
    expect(stepsOf(await run(text, { cwd: dir }), "List")).toEqual(["x done"]);
  });

  it("names a long path by its begin and its end", async () => {
    const dir = temporary();
    const deep = Array.from({ length: 25 }, (_, n) => `directory-${n}`).join("/");
    mkdirSync(join(dir, deep), { recursive: true });
    for (const name of ["a.csv", "b.csv"]) writeFileSync(join(dir, deep, name), "");
    const done = await run(stage('each: { file: { glob: "**/*.csv" } }\nrun: "true"'), {
      cwd: dir,
    });
    expect(done.error).toBeNull();
    const names = Object.values(done.record.steps!)[0]!.map(({ name }) => name);
    expect(names.map((name) => name.length)).toEqual([200, 200]);
    expect(names[1]).toMatch(/^directory-0\/.*….*\/directory-24\/b\.csv$/);
  });

  it("says where values are missing, and makes no step", async () => {
    const dir = temporary();
    writeFileSync(join(dir, "empty"), "\n\n");
    writeFileSync(join(dir, "twice"), "a\nb\na\n");
    writeFileSync(join(dir, "many"), "x\n".repeat(10_001));
    writeFileSync(join(dir, "null"), "a\0b\n");
    writeFileSync(join(dir, "latin"), Buffer.from([0xe4, 0x0a]));
    writeFileSync(
      Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0xe4]), Buffer.from(".txt")]),
      "",
    );
    const cases: Array<[each: string, error: string]> = [
      ["{ lines: 'null' }", "each.db has a value that contains a null character"],
      ["{ lines: latin }", `each.db cannot read ${dir}/latin: it is not UTF-8`],
      ['{ glob: "*.txt" }', "the name of \ufffd.txt is not UTF-8; rename it"],
      [
        '{ glob: "*.none" }',
        `each.db matches no file in ${dir}: *.none; a path begins at the directory of the`,
      ],
      [
        '{ glob: "$braces" }',
        "stands for 262,144 alternatives, more than 1,000; use * for a part of it",
      ],
      ['{ glob: "gone/*" }', `each.db matches no file in ${dir}: gone/*`],
      ["{ lines: empty }", `each.db has no values: ${dir}/empty has no lines; each needs a value`],
      ["{ lines: gone }", `each.db reads gone, and there is no file ${dir}/gone; a path begins at`],
      [
        "{ lines: twice }",
        'each.db makes two steps with the name "a"; a step is named by its values',
      ],
      ["{ lines: many }", "each.db makes 10,001 steps, more than 10,000; divide the values"],
      ["$dbs", "each.db has no values: the parameter dbs is an empty list; give dbs=VALUE"],
    ];
    for (const [each, error] of cases) {
      const text = stage(
        `each: { db: ${each} }\nrun: "true"`,
        `params: { dbs: { type: list, default: [] }, braces: { default: "${"{a,b}".repeat(18)}" } }\n`,
      );
      const done = await run(text, { cwd: dir });
      expect(done.error!.message).toContain(error);
      expect(done.error!.message).toMatch(/\(at \/x\/nightly\.yaml:4:17\)$/);
      expect(done.record.steps).toBeUndefined();
    }
  });

  it("says who may not read a file or a directory of a pattern", () => {
    const dir = temporary();
    chmodSync(dir, 0o755);
    mkdirSync(join(dir, "closed"), { mode: 0o700 });
    writeFileSync(join(dir, "closed", "a"), "x\n");
    for (const [each, path] of [
      ["{ lines: closed/a }", "closed/a"],
      ['{ glob: "closed/*" }', "closed"],
    ] as const) {
      const file = read(stage(`each: { db: ${each} }\nrun: "true"`));
      const variables = new Variables(file.pipeline, {}, new Map());
      const [before, of] = [process.cwd(), file.pipeline.stages[0]!.steps!.each];
      const isRoot = process.geteuid?.() === 0;
      if (!isRoot) chmodSync(join(dir, "closed"), 0o000);
      process.chdir(dir);
      if (isRoot) process.seteuid!(NOBODY);
      try {
        const ask = () => valuesOfEach({ file, variables } as CommandContext, of);
        expect(ask).toThrow(
          new RegExp(
            `^each\\.db reads ${dir}/${path}, and .+ may not read it \\(at /x/nightly\\.yaml:3:17\\)$`,
          ),
        );
      } finally {
        if (isRoot) process.seteuid!(0);
        process.chdir(before);
        chmodSync(join(dir, "closed"), 0o700);
      }
    }
  });

  it("asks when for each value, and allows the failure of the stage", async () => {
    const dir = temporary();
    writeFileSync(join(dir, "b.done"), "");
    const text = `stages:
  - name: Check
    each: { db: [a, b, c] }
    when: test ! -e "$db.done"
    run: test "$db" != c; touch "$db.done"
    on_failure: finish
    allow_failure: true
  - { name: After, run: touch after }
`;
    const done = await run(text, { cwd: dir });
    expect(done.error).toBeNull();
    expect(stepsOf(done)).toEqual(["a done", "b skipped", "c failed"]);
    expect(done.record.stageStates).toEqual({ Check: "allowed-failure", After: "done" });
    expect(existsSync(join(dir, "after"))).toBe(true);
  });
});

describe("a later attempt", () => {
  const text = (script: string, more = "") => `stages:
  - { name: First, run: "echo first >>ran" }
  - name: Check
    parallel:
      - { name: lint, run: "echo lint >>ran; echo n=7 >>$LIVEOPS_OUTPUT", outputs: [n] }
      - { name: unit, run: ${JSON.stringify(script)} }
${more}    at_once: 1
  - { name: Ship, run: "echo ship $n >>ran" }
`;
  const ran = (dir: string) => readFileSync(join(dir, "ran"), "utf8").trim().split("\n").join(" ");

  it("runs a step again whose script changed, and what comes after its stage", async () => {
    const dir = temporary();
    const failing = "exit 1";
    const first = await again(
      pipelineType(read(text("echo unit >>ran").replace("echo ship $n >>ran", failing))),
      {},
      { cwd: dir },
    );
    expect(first.state).toBe("failed");
    const changed = pipelineType(read(text("echo unit 2 >>ran")));
    const second = await again(changed, {}, { cwd: dir, resumeFrom: first });
    expect(second.error).toBeNull();
    expect(ran(dir)).toBe("first lint unit unit 2 ship 7");
    expect(
      second.log.filter(({ stream }) => stream === "liveops").map(({ step, text }) => [step, text]),
    ).toEqual([
      [undefined, "runs again: the stage's script changed"],
      ["unit", "runs again: the step's script changed"],
    ]);
  });
});

describe("a stop", () => {
  it.each(["stop", "finish"])(
    "by the timeout of the pipeline is one failure, of no step (on_failure: %s)",
    async (end) => {
      const keys = `each: { n: [1, 2, 3] }\nrun: sleep 60\non_failure: ${end}\nat_once: 2`;
      const text = `timeout: 0.2\n${stage(keys)}`;
      // A type of its own has the timeout, and the type of all files reads it.
      for (const done of [await run(text), await again(Pipeline, { text })]) {
        expect(done.error!.code).toBe("LIVEOPS_TIMEOUT");
        expect(done.error!.causes).toBeUndefined();
        expect(stepsOf(done)).toEqual(["1 cancelled", "2 cancelled"]);
      }
    },
  );
});
