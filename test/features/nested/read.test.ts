/**
 * `op`, `with`, `queue` and `include`: what is read, and what is refused with its file and
 * position.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { PipelineFile } from "../../../ops/pipeline/definition.js";
import { factsOf } from "../../../ops/pipeline/facts.js";
import { parsePipeline, readPipelineFile } from "../../../ops/pipeline/read/parse.js";
import { problemLines } from "../../../ops/pipeline/read/problems.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

/** Other files beside `/x/main.yaml`. */
type Files = Record<string, string>;

const kept = (files: Files) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`/x/${name}`, text]));
const parse = (text: string, files: Files = {}) => parsePipeline(text, "/x/main.yaml", kept(files));

function read(text: string, files: Files = {}): PipelineFile {
  const parsed = parse(text, files);
  if (!parsed.ok) throw new Error(problemLines("main", parsed.problems).join("\n"));
  return parsed.file;
}

function problems(text: string, files: Files = {}): string[] {
  const parsed = parse(text, files);
  return parsed.ok ? [] : problemLines("main", parsed.problems);
}

const BUILD = `
params:
  target: { required: true }
  level: { type: integer, default: 3 }
  kind: { enum: [debug, release], default: debug }
  parts: { type: list }
  token: { secret: true }
stages:
  - { name: Compile, run: make, outputs: [image] }
  - { name: Pack, run: tar, outputs: [size] }
`;

describe("include", () => {
  const NOTIFY =
    "stages:\n  - { name: Mail, run: 'mail $target $image' }\n  - { name: Chat, run: [say, $image] }\n";

  test("the stages of the file stand in the place of the item, with the names of the pipeline", () => {
    const file = read(
      "params: { target: { required: true } }\nstages:\n  - { name: A, run: x, outputs: [image] }\n  - include: sub/notify.yaml\n  - { name: Z, run: z }\n",
      { "sub/notify.yaml": NOTIFY },
    );
    expect(file.pipeline.stages.map(({ name }) => name)).toEqual(["A", "Mail", "Chat", "Z"]);
    expect(file.pipeline.stages[1]!.run).toMatchObject({ line: 2, file: "/x/sub/notify.yaml" });
    expect(file.files).toEqual({ "/x/sub/notify.yaml": NOTIFY });
  });

  test("a file that is included may include others, each relative to its own file", () => {
    const file = read("stages: [{ include: sub/a.yaml }]", {
      "sub/a.yaml": "stages: [{ name: A, run: a }, { include: b.yaml }]",
      "sub/b.yaml": "stages: [{ name: B, run: b }]",
    });
    expect(file.pipeline.stages.map(({ name }) => name)).toEqual(["A", "B"]);
    expect(Object.keys(file.files)).toEqual(["/x/sub/a.yaml", "/x/sub/b.yaml"]);
  });

  test.each<[string, string, Files, string[]]>([
    [
      "a mistake in its file",
      "stages: [{ name: A, run: x }, { include: n.yaml }]",
      { "n.yaml": "stages:\n  - { name: B, rum: x }\n  - { name: C, run: [say, $nothing] }\n" },
      [
        "/x/n.yaml:2:5: a stage needs the key run: a script (text), or a list of words; or op, parallel or approve",
        expect.stringMatching(
          /^\/x\/n.yaml:2:16: "rum" is not a key of a stage, .*; did you mean run\?$/,
        ),
        "/x/n.yaml:3:27: stages[1].run[1]: $nothing is no parameter, no output of a stage above and no variable of env; for a variable of the environment, write run as a script",
      ] as string[],
    ],
    [
      "a name of another file",
      "stages: [{ name: A, run: x }, { include: n.yaml }]",
      { "n.yaml": "stages: [{ name: B, run: x }, { name: A, run: x }]" },
      ['/x/n.yaml:1:39: the name "A" is that of the stage in line 1 too; choose another'],
    ],
    [
      "a name that the included file has",
      "stages:\n  - include: n.yaml\n  - { name: B, run: x }\n",
      { "n.yaml": "stages: [{ name: B, run: x }]" },
      ['main:3:13: the name "B" is that of the stage in line 1 of /x/n.yaml too; choose another'],
    ],
    [
      "other keys",
      "stages: [{ include: n.yaml, when: x }, { include: m.yaml }]",
      {
        "n.yaml": "stages: [{ name: B, run: x }]",
        "m.yaml": "params: {}\nstages: [{ name: C, run: x }]",
      },
      [
        expect.stringMatching(/^main:1:29: "when" is not a key of an item with include/),
        expect.stringMatching(/^\/x\/m.yaml:1:1: "params" is not a key of an included file/),
      ] as string[],
    ],
    [
      "a file that includes itself",
      "stages: [{ include: n.yaml }]",
      { "n.yaml": "stages: [{ name: B, run: x }, { include: main.yaml }]" },
      [
        "/x/n.yaml:1:42: stages[1].include: the file contains itself: /x/main.yaml → /x/n.yaml → /x/main.yaml",
      ],
    ],
    [
      "a file twice",
      "stages: [{ include: n.yaml }, { include: n.yaml }]",
      { "n.yaml": "stages: [{ name: B, run: x }]" },
      [
        "main:1:42: stages[1].include: /x/n.yaml is included twice, so its stages would have the same names",
      ],
    ],
    [
      "a file that was not sent",
      "stages: [{ include: n.yaml }]",
      {},
      [
        "main:1:21: stages[0].include: the text of /x/n.yaml is not kept with the pipeline; submit the file: liveops submit FILE",
      ],
    ],
  ])("%s is refused", (_, text, files, expected) => {
    expect(problems(text, files)).toEqual(expected);
  });
});

describe("op", () => {
  test("the outputs of a file are those of the stage, and its parameters are given with their types", () => {
    const file = read(
      "params: { to: { required: true }, key: { secret: true, required: true } }\nstages:\n" +
        "  - { name: Build, op: build.yaml, with: { target: $to, level: 4, parts: [a, $to], token: $key } }\n" +
        "  - { name: Run, run: [x, $image, $size] }\n",
      { "build.yaml": BUILD },
    );
    expect(file.pipeline.stages[0]!.outputs).toEqual(["image", "size"]);
    expect(file.files).toEqual({ "/x/build.yaml": BUILD });
  });

  test("outputs selects some of them, and a name of the pipeline stays its own", () => {
    const given = "op: build.yaml, with: { target: a }";
    const { stages } = read(
      `params: { size: { default: s } }\nstages:\n  - { name: A, ${given} }\n  - { name: B, ${given} }\n  - { name: C, parallel: [{ name: c, ${given} }, { name: d, run: x }] }`,
      { "build.yaml": BUILD },
    ).pipeline;
    expect(stages.map(({ outputs }) => outputs)).toEqual([["image"], ["image"], ["image"]]);
    const [selected] = read(`stages: [{ name: A, ${given}, outputs: [size] }]`, {
      "build.yaml": BUILD,
    }).pipeline.stages;
    expect(selected!.outputs).toEqual(["size"]);
  });

  test("the files that a file names are kept with it, each by its own path", () => {
    const file = read(
      "stages: [{ name: A, each: { n: [1, 2] }, op: sub/a.yaml, with: { n: $n } }]",
      {
        "sub/a.yaml":
          "params: { n: { type: integer } }\nstages: [{ name: B, op: ../b.yaml }, { name: T, op: verify, with: { n: $n } }]",
        "b.yaml": "stages: [{ include: c.yaml }]",
        "c.yaml": "stages: [{ name: C, run: c }]",
      },
    );
    expect(Object.keys(file.files)).toEqual(["/x/sub/a.yaml", "/x/b.yaml", "/x/c.yaml"]);
  });

  test("a submit asks for the secrets of the operations inside", () => {
    const { pipeline } = read(
      "stages: [{ name: X, op: a.yaml }, { name: Y, op: b.yaml, with: { t: env:T } }]",
      {
        "a.yaml":
          "params: { s: { secret: true, from: 'prompt:' } }\nstages: [{ name: B, op: b.yaml, with: { t: $s } }]\nfinally: { run: x, timeout: 100 }",
        "b.yaml": "params: { t: { secret: true, required: true } }\nstages: [{ name: C, run: c }]",
      },
    );
    expect(factsOf(pipeline, {}, {})).toMatchObject({
      gracePeriod: 120,
      secretSources: { "s of a": "prompt:s", "t of b": "env:T" },
    });
  });

  const op = (keys: string) =>
    `params: { key: { secret: true, required: true } }\nstages: [{ name: A, ${keys} }]`;
  test.each<[string, string, string[]]>([
    [
      "an unknown file",
      "op: biuld.yaml",
      [
        "main:2:25: stages[0].op: the text of /x/biuld.yaml is not kept with the pipeline; submit the file: liveops submit FILE",
      ],
    ],
    [
      "a name that is none",
      "op: Build",
      [
        'main:2:25: stages[0].op takes a pipeline file, or the name of an operation type, not "Build"',
      ],
    ],
    [
      "a missing parameter",
      "op: build.yaml",
      ["main:2:25: stages[0].op: build.yaml needs the parameter target; add with: { target: … }"],
    ],
    [
      "unknown parameters and values of other types",
      "op: build.yaml, with: { taget: 1, level: ten, kind: fast, parts: 3, token: abc }",
      [
        "main:2:25: stages[0].op: build.yaml needs the parameter target; add with: { target: … }",
        'main:2:52: stages[0].with.taget: build.yaml has no "taget"; did you mean target?',
        "main:2:62: stages[0].with.level must be a whole number",
        "main:2:73: stages[0].with.kind must be one of debug, release",
        "main:2:86: stages[0].with.parts must be a list in which each item is text",
        "main:2:96: stages[0].with.token takes a secret: $name of a secret, env:NAME or file:PATH",
      ],
    ],
    [
      "a secret in another parameter or variable",
      "op: build.yaml, env: { K: $key }, with: { target: $key, kind: a$key }",
      [
        "main:2:44: stages[0].env.K holds a secret, which would be stored in the record of the operation; give it in with",
        "main:2:71: stages[0].with.target takes no secret: it would get the source, such as env:NAME, and not the value",
        expect.stringMatching(
          /^main:2:83: stages\[0\].with.kind: the parameter key holds a secret/,
        ),
      ] as string[],
    ],
    [
      "a command beside it",
      "op: verify, run: x, tty: true, needs: [a], makes: [b]",
      ["run", "tty", "needs", "makes"].map((key) =>
        expect.stringContaining(`stages[0].${key} is not possible beside op; write`),
      ) as unknown as string[],
    ],
    [
      "an output that the file has not",
      "op: build.yaml, with: { target: a }, outputs: [imge]",
      [
        "main:2:68: stages[0].outputs[0]: build.yaml has the outputs image, size; did you mean image?",
      ],
    ],
    [
      "with without op",
      "run: x, with: { a: 1 }",
      ["main:2:29: stages[0].with has the parameters of op, and there is no op"],
    ],
    [
      "a queue that is no name",
      "run: x, queue: The GPU",
      [expect.stringContaining("stages[0].queue takes the name of a queue") as unknown as string],
    ],
    [
      "op beside approve",
      "approve: Sure?, op: verify, queue: gpu",
      ["op", "queue"].map((key) =>
        expect.stringContaining(`stages[0].${key} is not possible beside approve`),
      ) as unknown as string[],
    ],
    [
      "op beside parallel",
      "op: verify, parallel: [{ name: b }]",
      [
        expect.stringContaining("stages[0].op is not possible beside parallel"),
        expect.stringContaining("a step needs the key run"),
      ] as unknown as string[],
    ],
  ])("%s is refused", (_, keys, expected) => {
    expect(problems(op(keys), { "build.yaml": BUILD })).toEqual(expected);
  });

  test("the problems of a file inside have its path", () => {
    expect(
      problems("stages: [{ name: A, op: a.yaml }, { name: B, op: a.yaml }]", {
        "a.yaml": "stages: [{ name: C, op: d.yaml }]\nparms: {}",
        "d.yaml": "stages:\n  - name: D\n",
      }),
    ).toEqual([
      expect.stringContaining('/x/a.yaml:2:1: "parms" is not a key of a pipeline'),
      expect.stringContaining("/x/d.yaml:2:5: a stage needs the key run"),
    ]);
  });

  test("a file that contains itself is refused with the path of files", () => {
    expect(
      problems("stages: [{ name: A, op: a.yaml }]", {
        "a.yaml": "stages: [{ name: B, op: ./main.yaml }]",
      }),
    ).toEqual([
      "/x/a.yaml:1:25: stages[0].op: the file contains itself: /x/main.yaml → /x/a.yaml → /x/main.yaml",
    ]);
  });

  const chain = (n: number): Files =>
    Object.fromEntries(
      Array.from({ length: n }, (_, at) => [
        `${at + 1}.yaml`,
        at + 1 === n
          ? "stages: [{ name: A, run: x }]"
          : `stages: [{ name: A, op: ${at + 2}.yaml }]`,
      ]),
    );
  const FIRST = "stages: [{ name: A, op: 1.yaml }]";

  test("files are at most 16 deep inside of each other, also where a file is known from a lesser depth", () => {
    expect(problems(FIRST, chain(16))).toEqual([]);
    expect(problems(FIRST, chain(17))).toEqual([
      expect.stringMatching(
        /^\/x\/16.yaml:1:25: stages\[0\].op: files are more than 16 deep inside of each other: \/x\/main.yaml → .* → \/x\/17.yaml$/,
      ),
    ]);
    const known = "stages: [{ name: A, op: 2.yaml }, { name: B, op: 0.yaml }]";
    expect(
      problems(known, { ...chain(17), "0.yaml": "stages: [{ name: A, op: 1.yaml }]" }),
    ).toEqual([expect.stringContaining("files are more than 16 deep")]);
  });

  test("all texts together are limited", () => {
    const long = `# ${"x".repeat(60_000)}\nstages: [{ name: A, run: x }]`;
    const files = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`${n}.yaml`, long]));
    const stages = Object.keys(files).map((name) => `{ name: '${name}', op: ${name} }`);
    expect(problems(`stages: [${stages.join(", ")}]`, files)).toEqual([
      expect.stringMatching(
        /stages\[8\].op: the files that the pipeline names have more than 512 KiB together/,
      ),
    ]);
  });
});

test("files are read from disk, and a missing one has the nearest name", () => {
  const dir = directory();
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  };
  write("main.yaml", "stages:\n  - { name: A, op: sub/a.yaml }\n  - { name: B, op: sub/b.yaml }\n");
  write("sub/a.yaml", "stages: [{ name: C, run: x }]");
  const missing = readPipelineFile(join(dir, "main.yaml"));
  expect(missing.ok ? [] : problemLines("m", missing.problems)).toEqual([
    `m:3:20: stages[1].op: there is no file ${dir}/sub/b.yaml; did you mean a.yaml?`,
  ]);
  write("sub/b.yaml", "stages: [{ name: C, run: x }]");
  const whole = readPipelineFile(join(dir, "main.yaml"));
  expect(whole.ok && Object.keys(whole.file.files)).toEqual([
    join(dir, "sub/a.yaml"),
    join(dir, "sub/b.yaml"),
  ]);
});

test("keys of other tools say what to write", () => {
  const [includes] = problems("stages: [{ name: A, run: x }]\nincludes: [a.yaml]");
  expect(includes).toMatch(
    /"includes" is not a key of a pipeline; write an item - include: FILE in stages$/,
  );
});

test("a text from stdin names files by whole paths", () => {
  const parsed = parsePipeline(
    "stages: [{ name: A, op: a.yaml }, { name: B, op: /x/a.yaml }]",
    null,
    {
      "/x/a.yaml": "stages: [{ name: C, run: x }]",
    },
  );
  expect(parsed.ok ? [] : problemLines("stdin", parsed.problems)).toEqual([
    "stdin:1:25: stages[0].op: a.yaml is relative to the file, and this text came from stdin; write its path",
  ]);
});
