// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are shell scripts
/** Stages that are operations of their own: `op` and `queue` of a pipeline, in this process. */
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LiveOperation, type Progress, z } from "liveops";
import { describe, expect, test } from "vitest";
import { runInline } from "../../../ops/attempt/inline.js";
import { readPipelineFile } from "../../../ops/pipeline/read/parse.js";
import { problemLines } from "../../../ops/pipeline/read/problems.js";
import { pipelineType } from "../../../ops/pipeline/type.js";
import { Pipeline } from "../../../ops/pipeline.js";
import { prepareSubmission } from "../../../ops/types/prepare.js";
import type { OperationCtor } from "../../../ops/types/read-type.js";
import type { OperationEvent, Submission } from "../../../protocol/event.js";
import type { Operation } from "../../../protocol/operation.js";
import { useDirectories } from "../../harness/temporary.js";
import { loadPipeline } from "../../harness/testing/load-pipeline.js";
import { runOperation } from "../../harness/testing/run-operation.js";

const directory = useDirectories();

class Measure extends LiveOperation<typeof Measure> {
  static op = "measure";
  static params = z.object({ of: z.string(), times: z.int().default(1) });
  async run(p: Progress<Measure>) {
    if (this.params.of === "") throw new Error("nothing to measure");
    p.result({ size: this.params.of.length * this.params.times, unit: "m", parts: ["a", "b"] });
  }
}

const TYPES: Record<string, unknown> = { pipeline: Pipeline, measure: Measure };

interface Ran {
  record: Operation;
  result: { outputs: Record<string, unknown>; stages: Record<string, unknown> };
  children: Submission[];
  lines: string[];
}

/** Runs `main.yaml`, with other files beside it. */
async function run(
  files: Record<string, string>,
  {
    set = [] as string[],
    stampsDir = undefined as string | undefined,
    dir = realpathSync(directory()),
  } = {},
): Promise<Ran> {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  const parsed = readPipelineFile(join(dir, "main.yaml"));
  if (!parsed.ok) throw new Error(problemLines("main", parsed.problems).join("\n"));
  const Type = pipelineType(parsed.file);
  const chain = { id: "outer", index: 0, previous: null, next: null };
  const submission = await prepareSubmission(
    Type,
    { set },
    { id: "outer", label: null, cwd: dir, chain },
  );
  // A worker reads none of them.
  if (stampsDir === undefined)
    for (const name of Object.keys(files)) writeFileSync(join(dir, name), "changed");
  const children: Submission[] = [];
  const lines: string[] = [];
  const record = await runInline(
    Type,
    submission,
    {
      event: (event: OperationEvent, id) => {
        if (event.type === "operation:submitted" && id !== "outer") children.push(event.operation);
      },
      line: ({ stage, step, text, stream }) => {
        if (stream === "stdout") lines.push(`${[stage, step].filter(Boolean).join("/")}: ${text}`);
      },
    },
    new AbortController().signal,
    undefined,
    {
      findType: async (op) => TYPES[op] as OperationCtor,
      ...(stampsDir !== undefined && { stampsDir }),
    },
  );
  return { record, result: record.result as Ran["result"], children, lines };
}

const BUILD = `
params: { target: { required: true }, level: { type: integer, default: 3 }, token: { secret: true } }
stages:
  - { name: Compile, run: 'echo "$target $level \${token:-none} \${EXTRA:-none}"; echo "image=$target.img" >>"$LIVEOPS_OUTPUT"', outputs: [image] }
  - { name: Pack, when: 'test "$level" -lt 9', run: 'echo "size=$level" >>"$LIVEOPS_OUTPUT"', outputs: [size] }
`;

describe("op", () => {
  test("a file runs with its parameters as an operation of its own, and its outputs are those of the stage", async () => {
    const { record, result, children, lines } = await run(
      {
        "main.yaml":
          "params: { to: { required: true }, n: { type: integer, default: 4 } }\nstages:\n" +
          '  - { name: First, run: echo lvl=7 >>"$LIVEOPS_OUTPUT", outputs: [lvl] }\n' +
          "  - { name: Build, op: sub/build.yaml, with: { target: $to, level: $lvl }, env: { EXTRA: $lvl-x } }\n" +
          "  - { name: Use, run: 'echo \"$image $size\"' }\n",
        "sub/build.yaml": BUILD,
      },
      { set: ["to=arm"] },
    );
    expect(record).toMatchObject({ state: "succeeded" });
    expect(lines).toEqual(["Compile: arm 7 none 7-x", "Use: arm.img 7"]);
    expect(children).toMatchObject([
      {
        op: "pipeline",
        title: "Build",
        stages: ["Compile", "Pack"],
        params: { text: BUILD, params: { target: "arm", level: 7 } },
        parent: { id: "outer", stage: "Build", call: 1 },
      },
    ]);
    expect(result.outputs).toEqual({ lvl: "7", image: "arm.img", size: "7" });
    expect(result.stages.Build).toMatchObject({ exitCode: 0, attempts: 1 });
  });

  test("each value has an operation of its own, and the outputs are in the order of the values", async () => {
    const { result, children, lines } = await run({
      "main.yaml":
        "stages:\n  - { name: Build, each: { arch: [arm, x86] }, op: build.yaml, with: { target: $arch } }\n" +
        "  - { name: Use, run: 'echo $image' }\n",
      "build.yaml": BUILD,
    });
    expect(children.map(({ parent }) => [parent?.stage, parent?.step])).toEqual([
      ["Build", "arm"],
      ["Build", "x86"],
    ]);
    expect(result.outputs).toMatchObject({ image: ["arm.img", "x86.img"], size: ["3", "3"] });
    expect(lines.at(-1)).toBe("Use: arm.img x86.img");
  });

  test("an operation with several values of an output adds them all", async () => {
    const { result } = await run({
      "main.yaml": "stages: [{ name: A, each: { n: [1, 2] }, op: a.yaml, with: { n: $n } }]",
      "a.yaml":
        "params: { n: { required: true } }\nstages: [{ name: B, each: { m: [x, y] }, run: 'echo out=$n$m >>$LIVEOPS_OUTPUT', outputs: [out] }]",
    });
    expect(result.outputs).toEqual({ out: ["1x", "1y", "2x", "2y"] });
  });

  test("a test of a pipeline runs the files inside of it", async () => {
    const dir = realpathSync(directory());
    writeFileSync(join(dir, "main.yaml"), "stages: [{ name: A, op: a.yaml }]");
    writeFileSync(join(dir, "a.yaml"), "stages: [{ name: B, run: echo deep }]");
    const tested = await runOperation(await loadPipeline(join(dir, "main.yaml")));
    expect(tested).toMatchObject({ state: "succeeded" });
  });

  test("files inside of files run from the texts that were kept", async () => {
    const { lines, children } = await run({
      "main.yaml": "stages: [{ name: A, op: a.yaml }, { include: i.yaml }]",
      "a.yaml": "stages: [{ name: B, op: sub/b.yaml }]",
      "sub/b.yaml": "stages: [{ include: ../c.yaml }]",
      "c.yaml": "stages: [{ name: C, run: echo deep }]",
      "i.yaml": "stages: [{ name: I, run: echo here }]",
    });
    expect(lines).toEqual(["C: deep", "I: here"]);
    expect(children.map(({ title, parent }) => [title, parent?.stage])).toEqual([
      ["A", "A"],
      ["B", "B"],
    ]);
  });

  test("the declared outputs of a type come from its result", async () => {
    const { result } = await run({
      "main.yaml":
        "stages: [{ name: A, op: measure, with: { of: abc, times: 2 }, outputs: [size, unit, parts] }]",
    });
    expect(result.outputs).toEqual({ size: "6", unit: "m", parts: ["a", "b"] });
    const { record } = await run({
      "main.yaml": "stages: [{ name: A, op: measure, with: { of: abc }, outputs: [weight] }]",
    });
    expect(record.error?.message).toMatch(
      /^"A": the result of measure \w+ has no weight; it has size, unit, parts/,
    );
  });

  test("a secret goes by its reference", async () => {
    const token = join(realpathSync(directory()), "token");
    writeFileSync(token, "the-secret-value");
    const { children, lines } = await run(
      {
        "main.yaml":
          "params: { key: { secret: true, required: true } }\nstages: [{ name: A, op: build.yaml, with: { target: a, token: $key } }]",
        "build.yaml": BUILD,
      },
      { set: [`key=file:${token}`] },
    );
    expect(children[0]!.params).toMatchObject({ params: { token: `file:${token}` } });
    expect(lines).toEqual(["Compile: a 3 *** none"]);
  });

  test("the failure has its place, and retry, allow_failure and when count for the whole operation", async () => {
    const failing = "stages: [{ name: Work, run: exit 7 }]";
    const { record, result } = await run({
      "main.yaml": "stages: [{ name: A, op: f.yaml }]",
      "f.yaml": failing,
    });
    expect(record.error?.message).toMatch(/^A › Work: "Work" exited with 7 at .*f.yaml:1: exit 7/);
    expect(result).toMatchObject({ exitCode: 7, failedStage: "A" });
    const again = await run({
      "main.yaml":
        "stages:\n  - { name: A, op: f.yaml, retry: { attempts: 2, backoff: 0, exit: [7] }, allow_failure: true }\n" +
        "  - { name: B, op: f.yaml, when: 'false' }\n  - { name: C, op: f.yaml, retry: { attempts: 2, backoff: 0, exit: [8] } }",
      "f.yaml": failing,
    });
    expect(again.children.map(({ parent }) => [parent?.stage, parent?.call])).toEqual([
      ["A", 1],
      ["A", 1],
      ["C", 1],
    ]);
    expect(again.result.stages).toMatchObject({
      A: { attempts: 2, exitCode: 7, allowedFailure: true },
      B: { skipped: "when exited with 1: false" },
    });
  });

  test("a timeout cancels the operation", async () => {
    const { record } = await run({
      "main.yaml": "stages: [{ name: A, op: s.yaml, timeout: 300ms }]",
      "s.yaml": "stages: [{ name: Sleep, run: [sleep, '60'] }]",
    });
    expect(record.error?.message).toMatch(/^"A" ran longer than its timeout of 300ms/);
  });
});

describe("queue", () => {
  test("the command runs alone, in the queue, with all that the pipeline knows", async () => {
    const { record, result, children, lines } = await run(
      {
        "main.yaml":
          "params: { to: { required: true } }\nenv: { ALL: $to-all }\nstages:\n" +
          '  - { name: First, run: echo lvl=7 >>"$LIVEOPS_OUTPUT", outputs: [lvl] }\n' +
          "  - { name: None, when: 'false', run: x, outputs: [lost] }\n" +
          "  - name: Train\n    queue: gpu\n    env: { OWN: $lvl }\n    outputs: [model]\n    retry: { attempts: 2, backoff: 0 }\n" +
          '    run: \'echo "$to $lvl $ALL $OWN ${lost:-none} $LIVEOPS_OUTCOME_NONE $LIVEOPS_STAGE"; echo model=m >>"$LIVEOPS_OUTPUT"\'\n' +
          "  - { name: Each, each: { n: [1, 2] }, queue: gpu, run: [echo, $n, $model] }\n" +
          "  - { name: Side, parallel: [{ name: a, queue: gpu, run: 'echo $LIVEOPS_STEP' }, { name: b, run: echo b }] }\n",
      },
      { set: ["to=arm"] },
    );
    expect(record).toMatchObject({ state: "succeeded" });
    expect(lines.slice(0, 3)).toEqual([
      "Train: arm 7 arm-all 7 none skipped Train",
      "Each: 1 m",
      "Each: 2 m",
    ]);
    expect(lines.slice(3).sort()).toEqual(["Side/b: b", "Side: a"].sort());
    expect(children.map(({ title, stages, queue }) => [title, stages, queue])).toEqual([
      ["Train", ["Train"], "gpu"],
      ["Each/1", ["Each"], "gpu"],
      ["Each/2", ["Each"], "gpu"],
      ["Side/a", ["Side"], "gpu"],
    ]);
    expect(result.outputs).toEqual({ lvl: "7", model: "m" });
  });

  test("a stage that is up to date waits for no slot", async () => {
    const files = {
      "main.yaml": "stages: [{ name: A, queue: gpu, needs: [in], makes: [out], run: cp in out }]",
      in: "x",
    };
    const [dir, stampsDir] = [realpathSync(directory()), realpathSync(directory())];
    expect((await run(files, { dir, stampsDir })).children).toHaveLength(1);
    expect((await run(files, { dir, stampsDir })).children).toEqual([]);
  });
});
