/** LineSplitter gives the same lines for any chunks. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { LineSplitter, MAX_LINE_BYTES } from "../../protocol/ndjson.js";

/** The bytes cut at the given places, in order. */
export function cut(bytes: Buffer, places: number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  );
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

test("any lines in any chunks, characters of several bytes cut in two included", () => {
  const line = fc.string({ unit: "grapheme", minLength: 1 }).map((text) => JSON.stringify(text));
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat()), fc.boolean(), (lines, places, torn) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join("") + (torn ? '"torn' : ""));
      const out: string[] = [];
      const splitter = new LineSplitter((text) => out.push(text));
      for (const chunk of cut(bytes, places)) splitter.push(chunk);
      expect(out).toEqual(lines);
    }),
  );
});

test("empty lines are skipped", () => {
  const out: string[] = [];
  new LineSplitter((text) => out.push(text)).push(Buffer.from("\n\na\n\n"));
  expect(out).toEqual(["a"]);
});

test("a line without end is refused, and memory stays bounded", () => {
  const splitter = new LineSplitter(() => {});
  const chunk = Buffer.alloc(8 * 1024 * 1024, "x");
  for (let sent = 0; sent + chunk.length <= MAX_LINE_BYTES; sent += chunk.length)
    splitter.push(chunk);
  expect(() => splitter.push(chunk)).toThrow(`a line is longer than ${MAX_LINE_BYTES} bytes`);
});
