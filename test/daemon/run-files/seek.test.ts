/** seekLine finds the same line as a scan of all lines. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { seekLine } from "../../../daemon/run-files/seek.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

test("any sorted lines, any number looked for, a torn tail included", () => {
  const items = fc.array(
    fc.record({ step: fc.integer({ min: 1, max: 3 }), padding: fc.nat({ max: 5000 }) }),
  );
  fc.assert(
    fc.property(items, fc.nat({ max: 200 }), fc.boolean(), (steps, wanted, torn) => {
      let n = 0;
      const lines = steps.map(({ step, padding }) => {
        n += step;
        return { n, text: JSON.stringify({ n, text: "é".repeat(padding) }) };
      });
      const file = join(directory(), "log.ndjson");
      writeFileSync(file, lines.map(({ text }) => `${text}\n`).join("") + (torn ? '{"n":' : ""));
      const before = lines.filter((line) => line.n < wanted);
      const expected = before.reduce((offset, { text }) => offset + Buffer.byteLength(text) + 1, 0);
      expect(seekLine(file, (text) => JSON.parse(text).n < wanted)).toBe(expected);
    }),
  );
});

test("an empty file, and none", () => {
  const file = join(directory(), "log.ndjson");
  expect(seekLine(file, () => true)).toBe(0);
  writeFileSync(file, "");
  expect(seekLine(file, () => true)).toBe(0);
});

test("a million bytes take some dozens of short looks", () => {
  const file = join(directory(), "log.ndjson");
  const lines = Array.from({ length: 20_000 }, (_, n) => `{"n":${n},"text":"${"x".repeat(40)}"}`);
  writeFileSync(file, `${lines.join("\n")}\n`);
  let looks = 0;
  seekLine(file, (text) => {
    looks++;
    return JSON.parse(text).n < 12_345;
  });
  expect(looks).toBeLessThan(40);
});
