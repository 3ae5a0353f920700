/** The nesting depth of a value. */
import { expect, test } from "vitest";
import { isDeeper } from "../../protocol/text/json-loss.js";

const nested = (levels: number): unknown =>
  JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);

test.each([
  ["a text", 0, false],
  [{}, 0, true],
  [{ a: 1 }, 1, false],
  [{ a: [] }, 1, true],
  [[1, { a: { b: 2 } }], 2, true],
  [[1, { a: { b: 2 } }], 3, false],
])("%j, %i levels: %s", (value, levels, deeper) => {
  expect(isDeeper(value, levels)).toBe(deeper);
});

test("a depth beyond the call stack is found without overflow", () => {
  expect(isDeeper(nested(100_000), 256)).toBe(true);
});
