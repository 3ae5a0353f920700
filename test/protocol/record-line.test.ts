import fc from "fast-check";
import { expect, test } from "vitest";
import {
  encodeNumberedRecord,
  encodeRecord,
  parseNumberedRecord,
  parseRecord,
} from "../../protocol/record-line.js";

const values = fc.record({ kind: fc.string({ unit: "binary" }), content: fc.jsonValue() });

test("law: a record is one line of JSON that comes back, with its number and without its checksum", () => {
  fc.assert(
    fc.property(values, fc.nat(), (value, n) => {
      const line = encodeNumberedRecord(n, value);
      expect(line.indexOf("\n")).toBe(line.length - 1);
      const stored = JSON.parse(JSON.stringify(value)) as object;
      expect(JSON.parse(line)).toEqual({
        n,
        ...stored,
        sum: expect.stringMatching(/^[0-9a-f]{8}$/),
      });
      expect(Object.keys(JSON.parse(line) as object)).toEqual(["n", "kind", "content", "sum"]);
      expect(parseNumberedRecord(line.trimEnd())).toEqual({ n, value: stored });
    }),
  );
});

test("law: a line with one byte changed, or cut anywhere, is damaged", () => {
  fc.assert(
    fc.property(values, fc.nat(), fc.integer({ min: 0, max: 7 }), (value, place, bit) => {
      const bytes = Buffer.from(encodeRecord(value).trimEnd());
      const at = place % bytes.length;
      expect(parseRecord(bytes.toString("utf8", 0, at))).toBeNull();
      bytes[at]! ^= 1 << bit;
      expect(parseRecord(bytes.toString("utf8"))).toBeNull();
    }),
  );
});

test("a record without a number is no numbered record", () => {
  for (const n of [undefined, null, "1", 1.5]) {
    const line = encodeRecord({ n, kind: "removed" }).trimEnd();
    expect(parseRecord(line)).not.toBeNull();
    expect(parseNumberedRecord(line)).toBeNull();
  }
});
