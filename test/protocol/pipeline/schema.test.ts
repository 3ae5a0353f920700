/**
 * The JSON Schema and the loader agree: what the loader accepts, the schema accepts, and the
 * reverse for the structure.
 */
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { parsePipeline } from "../../../ops/pipeline/read/parse.js";
import { problemLines } from "../../../ops/pipeline/read/problems.js";
import { pipelineSchema } from "../../../protocol/pipeline/schema.js";
import { pipelineSource } from "../../../tui/features/new/pipeline.js";
import { cases } from "../../faults/mode.js";

const validate = new Ajv2020({ strict: true, allErrors: true, strictTypes: false }).compile(
  pipelineSchema(),
);

function loader(text: string): string[] {
  const parsed = parsePipeline(text, "/x/nightly.yaml");
  return parsed.ok ? [] : problemLines("f", parsed.problems);
}

const VALID: Record<string, string> = {
  "the smallest": "stages: [{ name: A, run: x }]",
  full: `
name: nightly
description: dump
params:
  target: { type: string, required: true, description: remote }
  level: { type: integer, default: 6 }
  mode: { enum: [a, 3.10], default: a }
  ratio: { type: number, default: 0.5 }
  dry: { type: boolean, default: false }
  token: { secret: true, required: true }
  note:
env: { A: text, B: 3.10, C: true }
cwd: file
timeout: 90
stages:
  - { name: Dump, run: "x", env: { T: $token }, cwd: sub, timeout: 1h, retry: { attempts: 3, backoff: 0, exit: [75] }, outputs: [size] }
  - { name: Copy, run: [x, $target, 3, true], when: "true", allow_failure: true, tty: false }
  - { name: 3, run: x, when: [test, -s, f] }
finally: { run: [rm, x], env: { A: b }, cwd: ., timeout: 5s, tty: true }
then: { op: verify, with: { a: $size, b: [1, null, { c: true }] } }
`,
  "finally as a text": "stages: [{ name: A, run: x }]\nfinally: rm x",
  "finally as a list": "stages: [{ name: A, run: x }]\nfinally: [rm, x]",
  "op, with and queue":
    "stages: [{ name: A, op: verify, with: { a: 1, b: [2] }, queue: gpu }, { name: B, queue: gpu, run: x }, { name: C, parallel: [{ name: d, op: verify }] }]",
  "then without with": "stages: [{ name: A, run: x }]\nthen: { op: next-one }",
  "what liveops new writes": pipelineSource("deploy", "deploy.yaml", "./pipeline.schema.json"),
};

test.each(Object.entries(VALID))("both accept %s", (_, text) => {
  expect(loader(text)).toEqual([]);
  expect(validate(parse(text)), JSON.stringify(validate.errors)).toBe(true);
});

test.each([
  "stages: []",
  "stages: {}",
  "stages: [{ name: A }]",
  "stages: [{ run: x }]",
  "stages: [{ name: A, run: x, timout: 1 }]",
  "stages: [{ name: A, run: x, op: verify }]",
  "stages: [{ name: A, op: verify, approve: x }]",
  "stages: [{ name: A, run: x, with: {} }]",
  "stages: [{ name: A, run: x, queue: The_GPU }]",
  "stages: [{ name: A, parallel: [{ name: b }] }]",
  "stages: [{ include: [a] }]",
  "stages: [{ include: a, name: A }]",
  "stages: [{ name: '', run: x }]",
  "stages: [{ name: A, run: '' }]",
  "stages: [{ name: A, run: [] }]",
  "stages: [{ name: A, run: [[x]] }]",
  "stages: [{ name: A, run: 5 }]",
  "stages: [{ name: A, run: x, retry: 3 }]",
  "stages: [{ name: A, run: x, retry: {} }]",
  "stages: [{ name: A, run: x, retry: { attempts: 1001 } }]",
  "stages: [{ name: A, run: x, retry: { attempts: 2, exit: [0] } }]",
  "stages: [{ name: A, run: x, timeout: soon }]",
  "stages: [{ name: A, run: x, timeout: 0 }]",
  "stages: [{ name: A, run: x, tty: 'yes' }]",
  "stages: [{ name: A, run: x, cwd: file }]",
  "stages: [{ name: A, run: x, outputs: [] }]",
  "stages: [{ name: A, run: x, outputs: [a-b] }]",
  "stages: [{ name: A, run: x, outputs: [RUBYOPT] }]",
  "{ params: { PERL5OPT: {} }, stages: [{ name: A, run: x }] }",
  "{ params: { constructor: {} }, stages: [{ name: A, run: x }] }",
  "stages: [{ name: A, run: x, env: { A: [b] } }]",
  "stages: [{ name: A, run: x, env: { A: } }]",
  "stages: [{ name: A, run: x, env: { a-b: c } }]",
  "stages: [{ name: A, run: x, env: { LIVEOPS_X: c } }]",
  "{ name: No, stages: [{ name: A, run: x }] }",
  "{ params: { a: { type: int } }, stages: [{ name: A, run: x }] }",
  "{ params: { a: { values: [1] } }, stages: [{ name: A, run: x }] }",
  "{ then: { with: {} }, stages: [{ name: A, run: x }] }",
  "{ finally: { timeout: 5 }, stages: [{ name: A, run: x }] }",
  "{ steps: [], stages: [{ name: A, run: x }] }",
])("both refuse %s", (text) => {
  expect(loader(text)).not.toEqual([]);
  expect(validate(parse(text))).toBe(false);
});

type Json = unknown;

/** The document with one value replaced, removed or added, anywhere in it. */
function mutated(value: Json, pick: () => number, put: Json): Json {
  if (Array.isArray(value) && value.length > 0 && pick() % 4 !== 0) {
    const at = pick() % value.length;
    if (pick() % 5 === 0) return value.toSpliced(at, 1);
    return value.with(at, mutated(value[at], pick, put));
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value) && pick() % 6 !== 0) {
    const entries = Object.entries(value);
    const at = pick() % Math.max(entries.length, 1);
    const kind = pick() % 6;
    if (kind === 0 || entries.length === 0)
      return { ...value, [["name", "x", "run", "exit", "A"][pick() % 5]!]: put };
    if (kind === 1) return Object.fromEntries(entries.toSpliced(at, 1));
    const [name, inner] = entries[at]!;
    return Object.fromEntries(entries.with(at, [name, mutated(inner, pick, put)]));
  }
  return put;
}

test("whatever the loader accepts of a mutated pipeline, the schema accepts", () => {
  const documents = Object.values(VALID).map((text) => parse(text) as Json);
  const put = fc.constantFrom<Json[]>(
    ...[
      null,
      "",
      " ",
      "x",
      "$level",
      "a-b",
      0,
      1,
      -1,
      2.5,
      3e9,
      true,
      [],
      ["x"],
      [1],
      [null],
      {},
      { run: "x" },
      "5m",
      "file",
      "string",
      "integer",
      "A\nB",
    ],
  );
  let accepted = 0;
  const numRuns = cases(400, 1500);
  fc.assert(
    fc.property(
      fc.constantFrom(...documents),
      fc.infiniteStream(fc.nat(1000)),
      put,
      (document, picks, value) => {
        const text = stringify(mutated(document, () => picks.next().value as number, value));
        const problems = loader(text);
        if (problems.length > 0) return;
        accepted++;
        expect(validate(parse(text)), `${text}\n${JSON.stringify(validate.errors)}`).toBe(true);
      },
    ),
    { numRuns },
  );
  // The law says something.
  expect(accepted).toBeGreaterThan(numRuns / 8);
});
