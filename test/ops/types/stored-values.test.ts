/**
 * Dates, maps, sets and big integers as parameters: submitted as JSON or words, chained as values,
 * stored as JSON.
 */
import { LiveOperation, z } from "liveops";
import { describe, expect, test } from "vitest";
import { describeType } from "../../../ops/types/describe-type.js";
import { parseParams } from "../../../ops/types/parse-params.js";
import { prepareSubmission } from "../../../ops/types/prepare.js";
import { fromStored, toStored } from "../../../ops/types/stored-values.js";
import { readWords } from "../../../ops/types/words.js";
import { renderParameters } from "../../../protocol/schema/parameters.js";

const EVERYTHING = z.object({
  at: z.date(),
  big: z.bigint().min(5n),
  rows: z.map(z.string(), z.date()),
  tags: z.set(z.string()).min(1),
  maybe: z.date().nullable().optional(),
  since: z.date().default(new Date("2020-01-01")),
  most: z.bigint().default(7n),
  none: z.set(z.bigint()).default(new Set([1n])),
  deep: z
    .object({ list: z.array(z.object({ at: z.date() })), pair: z.tuple([z.bigint(), z.string()]) })
    .optional(),
  any: z.union([z.number(), z.date()]).optional(),
  kind: z
    .discriminatedUnion("type", [
      z.object({ type: z.literal("on"), day: z.date() }),
      z.object({ type: z.literal("text"), day: z.string() }),
    ])
    .optional(),
  named: z.record(z.string(), z.bigint()).optional(),
  one: z.literal([1n, 2n]).optional(),
  piped: z
    .date()
    .transform((date) => date.getUTCFullYear())
    .optional(),
  iso: z.iso.datetime().optional(),
  coerced: z.coerce.date().optional(),
});

const INPUT = {
  at: "2026-11-25",
  big: "123456789012345678901234567890",
  rows: [["a", "2026-11-25T08:30:00+02:00"]],
  tags: ["x", "y"],
  maybe: null,
  deep: { list: [{ at: "2024-02-29" }], pair: ["9", "text"] },
  any: "2026-01-01T00:00:00.000Z",
  kind: { type: "text", day: "2026-01-01" },
  named: { a: "1", b: 2 },
  one: "2",
  piped: "2026-05-05",
  iso: "2026-01-01T00:00:00Z",
  coerced: "2026-01-01",
};

const VALUES = {
  at: new Date("2026-11-25"),
  big: 123456789012345678901234567890n,
  rows: new Map([["a", new Date("2026-11-25T06:30:00Z")]]),
  tags: new Set(["x", "y"]),
  maybe: null,
  since: new Date("2020-01-01"),
  most: 7n,
  none: new Set([1n]),
  deep: { list: [{ at: new Date("2024-02-29") }], pair: [9n, "text"] },
  any: new Date("2026-01-01"),
  kind: { type: "text", day: "2026-01-01" },
  named: { a: 1n, b: 2n },
  one: 2n,
  piped: 2026,
  iso: "2026-01-01T00:00:00Z",
  coerced: new Date("2026-01-01"),
};

class Everything extends LiveOperation<typeof Everything> {
  static params = EVERYTHING;
  run() {}
}

const place = {
  id: "a",
  label: null,
  cwd: "/",
  chain: { id: "a", index: 0, previous: null, next: null },
};

test("JSON becomes what the schema takes, and is stored as it was given", async () => {
  const given = structuredClone(INPUT);
  const { params } = await prepareSubmission(Everything, { params: given }, place);
  expect(params).toEqual(INPUT);
  expect(given).toEqual(INPUT);
  expect(JSON.parse(JSON.stringify(params))).toEqual(params);
  expect(await parseParams(EVERYTHING, params)).toEqual({ ok: true, value: VALUES });
});

test("words say the same", async () => {
  const { params: schema } = describeType(Everything, "/x.ts");
  const words = [
    "at=2026-11-25",
    "big=123456789012345678901234567890",
    'rows=[["a", "2026-11-25T08:30:00+02:00"]]',
    "tags=x",
    "tags=y",
    'deep.list:=[{"at": "2024-02-29"}]',
    'deep.pair=["9", "text"]',
    "named.a=1",
    "one=2",
  ];
  const { at, big, rows, tags, deep, one } = INPUT;
  expect(readWords(schema, undefined, words)).toEqual({
    at,
    big,
    rows,
    tags,
    deep,
    named: { a: "1" },
    one,
  });
});

test("what the schema takes is stored, and becomes the same again", () => {
  const { piped, ...values } = VALUES;
  const stored = toStored(values);
  expect(JSON.parse(JSON.stringify(stored))).toEqual({
    ...INPUT,
    at: "2026-11-25T00:00:00.000Z",
    rows: [["a", "2026-11-25T06:30:00.000Z"]],
    since: "2020-01-01T00:00:00.000Z",
    most: "7",
    none: ["1"],
    deep: { list: [{ at: "2024-02-29T00:00:00.000Z" }], pair: ["9", "text"] },
    named: { a: "1", b: "2" },
    piped: undefined,
    coerced: "2026-01-01T00:00:00.000Z",
  });
  const { coerced, ...json } = JSON.parse(JSON.stringify(stored));
  expect(coerced).toBe("2026-01-01T00:00:00.000Z");
  expect({ ...(fromStored(EVERYTHING, json) as object), coerced: values.coerced }).toEqual(values);
});

test.each([
  ["at", "yesterday", 'at takes a date, like 2026-11-25 or 2026-11-25T08:30:00Z, not "yesterday"'],
  [
    "at",
    "2026-02-30",
    'at takes a date, like 2026-11-25 or 2026-11-25T08:30:00Z, not "2026-02-30"',
  ],
  [
    "at",
    "2025-02-29",
    'at takes a date, like 2026-11-25 or 2026-11-25T08:30:00Z, not "2025-02-29"',
  ],
  [
    "at",
    "2026-01-01T10:00",
    'at takes a date, like 2026-11-25 or 2026-11-25T08:30:00Z, not "2026-01-01T10:00"',
  ],
  ["at", 5, "at takes a date, like 2026-11-25 or 2026-11-25T08:30:00Z, not 5"],
  ["big", "1.5", 'big takes the digits of a whole number, not "1.5"'],
  ["big", "4", "big takes at least 5, not 4"],
  ["rows", { a: 1 }, 'rows takes a list of pairs, like [["name", 1]], not an object'],
  ["rows", [["a", "no"]], 'rows.a takes a date, like 2026-11-25 or 2026-11-25T08:30:00Z, not "no"'],
  ["tags", "x", 'tags takes a list, not "x"'],
  ["tags", [], "tags takes at least 1 item"],
  ["one", "3", 'one takes one of 1, 2, not "3"'],
])("%s: %j is refused with what is taken", async (name, value, problem) => {
  const parsed = await parseParams(EVERYTHING, { ...INPUT, [name]: value });
  expect(parsed).toMatchObject({ ok: false, problems: [problem] });
});

test("the list of parameters names their forms and defaults", () => {
  const { params } = describeType(Everything, "/x.ts");
  const rows = renderParameters(params).map((row) => row.split(/ {2,}/));
  expect(rows.slice(0, 8)).toEqual([
    ["at", "date", "required"],
    ["big", "whole number", "required"],
    ["rows", "list of pairs", "required"],
    ["tags", "list of text", "required"],
    ["maybe", "date | null", "optional"],
    ["since", "date", 'default "2020-01-01T00:00:00.000Z"'],
    ["most", "whole number", 'default "7"'],
    ["none", "list of whole number", 'default ["1"]'],
  ]);
});

describe("a schema that no parameters can fill does not load", () => {
  const describing = (params: z.ZodType) => {
    class Test extends LiveOperation<typeof Test> {
      static params = params;
      run() {}
    }
    return () => describeType(Test, "/x.ts");
  };
  test.each<[z.ZodType, string]>([
    [
      z.object({ upload: z.file() }),
      '"upload" is z.file(), which parameters cannot hold; take the path of a file: z.string()',
    ],
    [z.object({ a: z.array(z.object({ b: z.symbol().optional() })) }), '"a[].b" is z.symbol()'],
    [z.object({ a: z.function() }), '"a" is z.function()'],
    [z.object({ a: z.promise(z.string()) }), '"a" is z.promise()'],
    [z.object({ a: z.nan() }), '"a" is z.nan()'],
    [z.object({ a: z.never() }), '"a" is z.never()'],
    [z.object({ a: z.lazy(() => z.map(z.string(), z.file())) }), '"a (value)" is z.file()'],
  ])("%#", (params, problem) => {
    expect(describing(params)).toThrow(`class Test: static params: ${problem}`);
  });

  test.each<z.ZodType>([
    z.strictObject({ a: z.string() }),
    z.object({ a: z.never().optional(), b: z.union([z.string(), z.undefined()]) }),
    z.object({
      a: z.union([z.string(), z.symbol()]),
      b: z.custom<string>(),
      c: z.any(),
      d: z.void(),
    }),
    z.object({ a: z.preprocess((it) => it, z.date()), b: z.templateLiteral(["a", z.number()]) }),
  ])("but this one does: %#", (params) => {
    expect(describing(params)).not.toThrow();
  });

  test("a schema that contains itself", async () => {
    type Node = { at: Date; next: Node[] };
    const node: z.ZodType<Node> = z.object({ at: z.date(), next: z.lazy(() => z.array(node)) });
    const params = z.object({ node });
    expect(describing(params)).not.toThrow();
    const json = { node: { at: "2026-01-01", next: [{ at: "2026-01-02", next: [] }] } };
    expect(await parseParams(params, json)).toMatchObject({
      ok: true,
      value: { node: { next: [{ at: new Date("2026-01-02") }] } },
    });
  });
});
