/**
 * A field and the daemon say the same of a value: a tick stands only beside what the daemon takes.
 */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { inputSchema } from "../../../ops/types/describe-type.js";
import { parseParams } from "../../../ops/types/parse-params.js";
import { fieldsOf, heldBy } from "../../../tui/dashboard/form/field.js";
import { lineOf } from "../../../tui/dashboard/text/line-edit.js";

/** Schemas, with texts that a person may type. */
const SAID: Record<string, [z.ZodType, ...string[]]> = {
  date: [
    z.date(),
    "yesterday",
    "2026-11-25",
    "2026-02-30",
    "2026-11-25T08:30:00Z",
    "2026-11-25T08:30",
    "5",
  ],
  "optional date": [z.date().optional(), "soon", "2024-02-29", "2025-02-29"],
  "date with a default": [z.date().default(new Date(0)), "now", "2026-01-01"],
  "list of dates": [z.array(z.date()), "yesterday", "2026-11-25 2026-11-26", "2026-11-25 x"],
  "set of dates": [z.set(z.date()), "x", "2026-11-25"],
  "ISO date": [z.iso.date(), "yesterday", "2026-11-25", "2026-02-30"],
  "ISO date and time": [
    z.iso.datetime(),
    "2026-11-25",
    "2026-11-25T08:30:00Z",
    "2026-11-25T08:30:00+01:00",
  ],
  "ISO time": [z.iso.time(), "8", "08:30", "08:30:00"],
  "ISO duration": [z.iso.duration(), "1h", "PT1H"],
  email: [z.email(), "ann", "ann@example.com"],
  url: [z.url(), "example", "https://example.com"],
  uuid: [z.uuid(), "x", "0190a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"],
  ipv4: [z.ipv4(), "1.2.3", "10.0.0.1"],
  pattern: [z.string().regex(/^[a-z]+$/), "A", "a"],
  "two patterns": [z.string().regex(/^a/).regex(/b$/), "a", "b", "ab"],
  "begin and end": [z.string().startsWith("a").includes("b").endsWith("c"), "ac", "abc"],
  length: [z.string().min(2).max(3), "a", "ab", "abcd", "äöü"],
  "exact length": [z.string().length(2), "a", "ab"],
  number: [z.number(), "x", "1.5", "1e3", "1e999", "0x10", "01"],
  bounds: [z.number().min(1).max(10), "0", "1", "10", "11"],
  "open bounds": [z.number().gt(0).lt(1), "0", "0.5", "1"],
  "multiple of": [z.number().multipleOf(5), "7", "10"],
  decimals: [z.number().multipleOf(0.1), "0.3", "0.35"],
  "whole number": [
    z.int(),
    "1.5",
    "3",
    "9007199254740991",
    "9007199254740992",
    "-9007199254740993",
  ],
  "whole number of 32 bits": [z.int32(), "2147483647", "2147483648"],
  "big integer": [z.bigint(), "12", "1.5", "-3", "123456789012345678901234567890"],
  choice: [z.enum(["fast", "slow"]), "fsat", "fast"],
  "number literals": [z.literal([1, 2]), "1", "3"],
  "big literals": [z.literal([1n, 2n]), "1", "3"],
  boolean: [z.boolean(), "true", "false", "yes"],
  "text or null": [z.string().nullable(), "a", "null"],
  "number or text": [z.union([z.number().min(5), z.enum(["auto"])]), "3", "7", '"auto"', '"other"'],
  list: [z.array(z.string()).min(2), "a", "a b", "'a b'"],
  "list of items with a length": [z.array(z.string().max(2)).max(2), "a b", "abc", "a b c"],
  "list of numbers": [z.array(z.int()), "[1, 2]", "[1.5]", "1", '["a"]'],
  tuple: [z.tuple([z.string(), z.number()]), '["a", 1]', '["a"]', '["a", 1, 2]', "[1, 1]"],
  "tuple with a rest": [z.tuple([z.string()], z.number()), '["a"]', '["a", 1]', '["a", "b"]', "[]"],
  map: [z.map(z.string(), z.number()), '[["a", 1]]', '[["a", "b"]]', '[["a"]]', "{}"],
  object: [
    z.object({ port: z.int().min(1), host: z.string().optional() }),
    '{"port": 1}',
    '{"port": 0}',
    "{}",
  ],
  "strict object": [z.strictObject({ a: z.string() }), '{"a": "x"}', '{"a": "x", "b": 1}'],
  "nested object": [
    z.object({ at: z.object({ since: z.date() }) }),
    '{"at": {"since": "x"}}',
    '{"at": {"since": "2026-11-25"}}',
  ],
  record: [z.record(z.string(), z.int()), '{"a": 1}', '{"a": "b"}'],
  "record of choices": [
    z.record(z.enum(["a", "b"]), z.int()),
    '{"a": 1, "b": 2}',
    '{"a": 1}',
    '{"c": 1}',
  ],
  "both objects": [
    z.intersection(z.object({ a: z.int() }), z.object({ b: z.int() })),
    '{"a": 1, "b": 2}',
    '{"a": 1}',
  ],
  "one of objects": [
    z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("a"), n: z.int() }),
      z.object({ kind: z.literal("b") }),
    ]),
    '{"kind": "a", "n": 1}',
    '{"kind": "a"}',
    '{"kind": "c"}',
    '{"kind": "b"}',
  ],
};

/** What no schema says: the daemon refuses the second text, and takes the first. */
const UNSAID: Record<string, readonly [z.ZodType, good: string, bad: string]> = {
  refinement: [z.string().refine((text) => text === "a"), "a", "b"],
  "refined number": [z.number().refine((value) => value % 2 === 0), "2", "3"],
  "trimmed text": [z.string().trim().min(1), "a", " "],
  transform: [z.string().transform(Number).pipe(z.number()), "1", "x"],
  "bounded date": [z.date().min(new Date("2026-01-01")), "2026-01-02", "2025-01-01"],
  "bounded big integer": [z.bigint().min(5n), "5", "4"],
  "bounded set": [z.set(z.string()).min(2), "a b", "a"],
  "address of a host": [z.url({ hostname: /^a\./ }), "https://a.example", "https://b.example"],
  "IPv6 address": [z.ipv6(), "::1", "1.2.3.4"],
  base64: [z.base64(), "YQ==", "YQ="],
  "inner refinement": [
    z.object({ a: z.string().refine((text) => text === "a") }),
    '{"a": "a"}',
    '{"a": "b"}',
  ],
};

async function verdictsOf(params: z.ZodObject, text: string) {
  const schema = inputSchema(params)!;
  const [field] = fieldsOf(schema);
  const held = heldBy({ ...field!, line: lineOf(text) }, schema);
  const parsed = "value" in held ? await parseParams(params, { p: held.value }) : null;
  return { held, parsed };
}

describe("what a schema says", () => {
  const cases = Object.entries(SAID).flatMap(([name, [schema, ...texts]]) =>
    texts.map((text) => [name, text, schema] as const),
  );
  test.each(cases)("%s: %s", async (_name, text, schema) => {
    const params = z.object({ p: schema });
    const { held, parsed } = await verdictsOf(params, text);
    if ("value" in held) expect(held).toMatchObject({ isSure: parsed?.ok === true });
    // The text as a word or as JSON is refused too.
    else
      for (const value of [text, jsonOf(text)])
        expect((await parseParams(params, { p: value })).ok).toBe(false);
  });
});

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

test.each(Object.entries(UNSAID))(
  "what no schema says has no tick: %s",
  async (_name, [schema, good, bad]) => {
    const params = z.object({ p: schema });
    expect(await verdictsOf(params, good)).toMatchObject({
      held: { isSure: false },
      parsed: { ok: true },
    });
    const { held, parsed } = await verdictsOf(params, bad);
    expect("problem" in held || (!("isSure" in held && held.isSure) && parsed?.ok === false)).toBe(
      true,
    );
  },
);

test("a refinement of all parameters takes the tick of each", async () => {
  const params = z.object({ p: z.string() }).refine(({ p }) => p === "a");
  expect((await verdictsOf(params, "a")).held).toMatchObject({ isSure: false });
});

test.each(["yesterday", "2026-02-30"])(
  "the words of a date are those of the daemon: %s",
  async (text) => {
    const params = z.object({ p: z.date() });
    const parsed = await parseParams(params, { p: text });
    const { held } = await verdictsOf(params, text);
    const problem = `takes a date, like 2026-11-25 or 2026-11-25T08:30:00Z, not "${text}"`;
    expect(held).toEqual({ problem });
    expect(parsed).toMatchObject({ problems: [`p ${problem}`] });
  },
);
