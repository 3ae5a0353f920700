/** The page of a type: nested names, variants, bounds and defaults of its parameters. */
import { expect, test } from "vitest";
import { z } from "zod";
import type { JsonSchema } from "../../../../protocol/schema/json-schema.js";
import {
  detailParameters,
  renderParameterDetails,
} from "../../../../tui/cli/type-page/parameter-details.js";

const jsonSchema = (schema: z.ZodType) => z.toJSONSchema(schema, { io: "input" }) as JsonSchema;
const rowsOf = (schema: z.ZodType) =>
  detailParameters(jsonSchema(schema)).map(({ name, type, given, description, depth }) =>
    [" ".repeat(depth) + name, type, given, description].join(" | "),
  );

test("bounds, defaults and descriptions", () => {
  const params = z.object({
    path: z.string().min(1).max(200).describe("file to load"),
    code: z.string().regex(/^[A-Z]{3}$/),
    mail: z.email().optional(),
    limit: z.int().min(1).max(10).optional(),
    any: z.int().optional(),
    ratio: z.number().gt(0).lt(1).default(0.5),
    step: z.number().multipleOf(5).min(0).optional(),
    mode: z.enum(["fast", "safe", "off"]).default("safe"),
    skip: z.array(z.string().min(2)).max(5).default([]),
    pair: z.tuple([z.string(), z.number()]).optional(),
    maybe: z.string().length(3).nullable().optional(),
    level: z.union([z.literal(0), z.literal("max")]).optional(),
  });
  expect(rowsOf(params)).toEqual([
    "path | text, 1 to 200 characters | required | file to load",
    "code | text, matches ^[A-Z]{3}$ | required | ",
    "mail | text, format email | optional | ",
    "limit | whole number, 1 to 10 | optional | ",
    "any | whole number | optional | ",
    "ratio | number, above 0, below 1 | default 0.5 | ",
    "step | number, at least 0, a multiple of 5 | optional | ",
    'mode | fast | safe | off | default "safe" | ',
    "skip | list of text, at most 5 items, each at least 2 characters | default [] | ",
    "pair | list, 2 items, [text, number] | optional | ",
    "maybe | text | null, 3 characters | optional | ",
    "level | 0 | max | optional | ",
  ]);
});

test("names inside objects, records and lists, and a schema that contains itself", () => {
  type Node = { name: string; next?: Node | undefined };
  const node: z.ZodType<Node> = z.object({ name: z.string(), next: z.lazy(() => node).optional() });
  const params = z.looseObject({
    db: z.object({
      host: z.string().default("localhost"),
      tls: z.object({ ca: z.string() }).optional(),
    }),
    env: z.record(z.string(), z.string()).default({}),
    jobs: z.array(z.object({ n: z.number().default(1) })),
    node: node.optional(),
  });
  const rows = rowsOf(params);
  expect(rows.slice(0, 9)).toEqual([
    "db | object | required | ",
    'db.host | text | default "localhost" | ',
    "db.tls | object | optional | ",
    "db.tls.ca | text | required | ",
    "env | object | default {} | ",
    "env.NAME | text | optional | ",
    "jobs | list of object | required | ",
    "jobs[].n | number | default 1 | ",
    "node | object | optional | ",
  ]);
  expect(rows).toContain("node.next.next.name | text | required | ");
  expect(rows.length).toBeLessThan(40);
  expect(rows.at(-1)).toBe("… | any | optional | any other name");
});

test("variants, with what tells them apart, and where nothing does", () => {
  const target = z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("s3"), bucket: z.string() }).describe("a bucket"),
    z.object({ kind: z.enum(["disk", "ram"]), dir: z.string().optional() }),
  ]);
  const either = z.union([z.object({ a: z.string() }), z.object({ b: z.number() })]).optional();
  expect(rowsOf(z.object({ target, either }))).toEqual([
    "target | object | required | ",
    "target: kind=s3 |  |  | a bucket",
    " target.bucket | text | required | ",
    "target: kind=disk|ram |  |  | ",
    " target.dir | text | optional | ",
    "either | object | optional | ",
    "either: variant 1 of 2 |  |  | ",
    " either.a | text | required | ",
    "either: variant 2 of 2 |  |  | ",
    " either.b | number | required | ",
  ]);
  expect(rowsOf(target)).toEqual([
    "kind=s3 |  |  | a bucket",
    " bucket | text | required | ",
    "kind=disk|ram |  |  | ",
    " dir | text | optional | ",
  ]);
});

test("the columns stand below each other; without parameters and without a schema it says so", () => {
  expect(
    renderParameterDetails(jsonSchema(z.object({ a: z.string(), long: z.int().default(3) }))),
  ).toEqual(["a     text          required", "long  whole number  default 3"]);
  expect(renderParameterDetails(jsonSchema(z.object({})))).toEqual(["none"]);
  expect(renderParameterDetails(null)).toEqual(["any (the type declares no schema)"]);
});
