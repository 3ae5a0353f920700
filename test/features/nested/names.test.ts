/**
 * Queues and types that a pipeline names: whether they exist, and whether the type takes the
 * parameters.
 */
import { expect, test } from "vitest";
import { admit } from "../../../daemon/admission/steps.js";
import { usesOf } from "../../../ops/pipeline/feature.js";
import { parsePipeline } from "../../../ops/pipeline/read/parse.js";
import { type KnownNames, problemsOfNames } from "../../../protocol/pipeline/used-names.js";

const SCHEMA = {
  type: "object",
  properties: {
    source: { type: "string" },
    level: { type: "integer", default: 1 },
    mode: { enum: ["fast", "slow"] },
    list: { type: "array", items: { type: "string" } },
    limit: { anyOf: [{ type: "number" }, { type: "null" }] },
    token: { type: "string", writeOnly: true },
  },
  required: ["source"],
  additionalProperties: false,
};
const KNOWN: KnownNames = {
  queues: ["default", "gpu"],
  types: new Map<string, object | null>([
    ["copy", SCHEMA],
    ["any", null],
  ]) as KnownNames["types"],
};

function usesIn(text: string, files: Record<string, string> = {}) {
  const parsed = parsePipeline(text, "/x/main.yaml", files);
  if (!parsed.ok) throw new Error(parsed.problems[0]!.message);
  return usesOf(parsed.file.pipeline);
}

const problems = (text: string, files: Record<string, string> = {}) =>
  problemsOfNames(usesIn(text, files), KNOWN).map(
    ({ file = "main", line, column, message }) => `${file}:${line}:${column}: ${message}`,
  );

const stage = (keys: string) =>
  `params: { p: { default: x }, s: { secret: true, required: true } }\nstages: [{ name: A, ${keys} }]`;

test.each([
  ["queue: gpu, run: x"],
  ["queue: gpu, op: any, with: { what: ever }"],
  ["op: copy, with: { source: x, level: 3, mode: fast, list: [a], limit: 2 }"],
  ["op: copy, with: { source: $p, level: $p, mode: $p, list: [$p], token: $s }"],
  ["op: copy, with: { source: x, token: file:/x }"],
])("%s is accepted", (keys) => {
  expect(problems(stage(keys))).toEqual([]);
});

test.each([
  ["queue: gqu, run: x", ["main:2:28: stages[0].queue: there is no queue gqu; did you mean gpu?"]],
  [
    "queue: other, run: x",
    ["main:2:28: stages[0].queue: there is no queue other; liveops queue set creates one"],
  ],
  ["op: copi", ["main:2:25: stages[0].op: there is no operation type copi; did you mean copy?"]],
  [
    "op: copy",
    ["main:2:25: stages[0].op: copy needs the parameter source; add with: { source: … }"],
  ],
  [
    "op: copy, with: { source: 3, lewel: 1, level: 1.5, mode: quick, list: a, limit: x }",
    [
      "main:2:47: stages[0].with.source must be text",
      'main:2:57: stages[0].with.lewel: copy has no "lewel"; did you mean level?',
      "main:2:67: stages[0].with.level must be a whole number",
      "main:2:78: stages[0].with.mode must be one of fast, slow",
      "main:2:91: stages[0].with.list must be a list in which each item is text",
      "main:2:101: stages[0].with.limit must be a number or null",
    ],
  ],
  [
    "op: copy, with: { source: $s, token: $p }",
    [
      "main:2:47: stages[0].with.source takes no secret: it would get the source, such as env:NAME, and not the value",
      "main:2:58: stages[0].with.token takes a secret: $name of a secret, env:NAME or file:PATH",
    ],
  ],
])("%s is refused with its place", (keys, expected) => {
  expect(problems(stage(keys))).toEqual(expected);
});

test("names in the files inside have the place in their file", () => {
  const files = {
    "/x/a.yaml": "stages: [{ include: i.yaml }]",
    "/x/i.yaml": "stages: [{ name: A, op: copi, queue: no }]",
  };
  expect(problems("stages: [{ name: B, op: a.yaml }]", files)).toEqual([
    "/x/i.yaml:1:38: stages[0].queue: there is no queue no; liveops queue set creates one",
    "/x/i.yaml:1:25: stages[0].op: there is no operation type copi; did you mean copy?",
  ]);
});

test("a submit with an unknown name is refused", async () => {
  const uses = usesIn("stages: [{ name: A, queue: gqu, run: x }, { name: B, op: copy }]");
  const prepared = { op: "main", title: "Main", params: {}, stages: [], uses };
  const types = { ops: [...KNOWN.types].map(([op, params]) => ({ op, params })) };
  const context = {
    loader: { prepare: async () => [prepared], types: async () => types },
    queues: { known: async () => KNOWN.queues, check: async () => {} },
    hosts: { checkPlacement: async () => {}, place: (draft: unknown) => draft },
  } as unknown as Parameters<typeof admit>[1];
  await expect(admit([{ op: "main" }], context)).rejects.toMatchObject({
    refusal: {
      code: "LIVEOPS_PARAMS_INVALID",
      message:
        "stdin:1:28: stages[0].queue: there is no queue gqu; did you mean gpu?\n" +
        "stdin:1:58: stages[1].op: copy needs the parameter source; add with: { source: … }",
      extra: { nearest: ["gpu"] },
    },
  });
});
