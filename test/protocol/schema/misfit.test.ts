/** What a JSON Schema takes, and why a value does not fit it, in words. */
import { expect, test } from "vitest";
import type { JsonSchema } from "../../../protocol/schema/json-schema.js";
import { expected, misfitOf } from "../../../protocol/schema/misfit.js";

test.each<[unknown, JsonSchema, string | null]>([
  [0, { type: "integer", minimum: 1 }, "must be at least 1"],
  [9, { type: "integer", minimum: 0, maximum: 8 }, "must be from 0 to 8"],
  [1, { type: "number", exclusiveMinimum: 1 }, "must be above 1"],
  [3, { type: "number", multipleOf: 2 }, "must be a multiple of 2"],
  ["", { type: "string", minLength: 1 }, "must not be empty"],
  ["abc", { type: "string", maxLength: 2 }, "must have at most 2 characters"],
  ["x", { type: "string", pattern: "^[0-9]+$" }, "does not match the required pattern"],
  ["x", { type: "string", pattern: "^[0-9]+$", expected: "digits" }, "must be digits"],
  ["x", { type: "string", pattern: "(" }, null],
  ["x", { type: "string", check: (text: string) => `${text} is taken` }, "x is taken"],
  [[], { type: "array", minItems: 1 }, "must have at least 1 item"],
  [[1, "a"], { type: "array", items: { type: "number" } }, "item 2 must be a number"],
  [{}, { type: "object", properties: { a: {} }, required: ["a"] }, "needs a"],
  [
    { b: 1 },
    { type: "object", properties: {}, additionalProperties: false },
    'has no "b"; it takes none',
  ],
  [
    { conc: 1 },
    { type: "object", properties: { concurrency: {} }, additionalProperties: false },
    'has no "conc"; did you mean concurrency?',
  ],
  [
    { A: 1 },
    { type: "object", propertyNames: { pattern: "^a", expected: "a name" } },
    '"A" must be a name',
  ],
  [null, { anyOf: [{ type: "string" }, { type: "null" }] }, null],
  [true, { anyOf: [{ type: "string" }, { type: "null" }] }, "must be text or null"],
  [3, { anyOf: [{ type: "string" }, { type: "number", minimum: 5 }] }, "must be at least 5"],
  [
    { a: 1 },
    { anyOf: [{ enum: ["x"] }, { type: "object", additionalProperties: { const: 2 } }] },
    "a must be 2",
  ],
  ["on", { const: "off" }, "must be off"],
  ["fsat", { enum: ["fast", "slow"] }, "must be one of fast, slow; did you mean fast?"],
  [{ any: ["thing"] }, {}, null],
])("%j in %j: %j", (value, schema, text) => {
  expect(misfitOf(value, schema)?.text ?? null).toBe(text);
});

test("the place of a misfit", () => {
  const schema = {
    type: "object",
    properties: { a: { type: "array", items: { type: "number" } } },
  };
  expect(misfitOf({ a: [1, "x"] }, schema)).toMatchObject({
    text: "a item 2 must be a number",
    at: ["a", 1],
  });
  const closed = { ...schema, additionalProperties: false };
  expect(misfitOf({ b: 1 }, closed)).toMatchObject({ at: ["b"], ofKey: true });
});

test.each<[JsonSchema, string]>([
  [{ type: "array", items: { enum: ["a", "b"] } }, "a list in which each item is one of a, b"],
  [{ type: "array", items: {}, minItems: 1, maxItems: 3 }, "a list of 1 to 3 items"],
  [
    { type: "string", format: "date-time", pattern: "T" },
    "a date and time, such as 2026-11-25T08:30:00Z",
  ],
  [{ type: "string", format: "date-time" }, "a date, like 2026-11-25 or 2026-11-25T08:30:00Z"],
  [{ type: "integer", minimum: -(2 ** 53 - 1), maximum: 2 ** 53 - 1 }, "a whole number"],
  [{ type: "integer", minimum: 1 }, "a whole number of at least 1"],
  [{ type: "number", exclusiveMinimum: 0, maximum: 1 }, "a number of at most 1 and above 0"],
  [{ type: ["boolean", "null"] }, "true or false or null"],
])("%j takes %s", (schema, text) => {
  expect(expected(schema)).toBe(text);
});
