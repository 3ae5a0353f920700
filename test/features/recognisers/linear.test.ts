/** The recognisers read long and hostile lines in linear time, and throw at none. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { cases } from "../../faults/mode.js";
import { Asked } from "./replay.js";

/** Parts of the forms that are understood: what a regular expression may try in many ways. */
const PARTS = [
  " ",
  "1",
  "12/90 ",
  "45% ",
  "[",
  "] ",
  "#",
  "=",
  "-",
  ".",
  ",",
  ":",
  "0:",
  "a",
  "A ",
  "/",
  "%|",
  "| ",
  "\t",
  "(",
  "KiB ",
  "1.2MiB/",
  "B/s ",
  "━",
  "--:--:-- ",
  "of ",
  "remote: ",
  "Downloading ",
  "Step ",
  "{",
  '"a":',
  "[#b9e365 1MiB/2MiB ",
  "Receiving objects: ",
  "pmstatus:",
  "1:",
  "* ",
  "tar: ",
  "dlstatus:a:",
  "[0:00] ",
  "FILE ",
];
const STARTS = [
  "",
  "[",
  "#1 [",
  "tar: ",
  "remote: A",
  "Transferred: ",
  "2026/11/25 22:54:50 INFO  : ",
  "  Duration: ",
  "frame=",
  "Downloading ",
  "Progress: [",
  "dlstatus:",
  "npm http fetch ",
  "[0:00] ",
  "12 ",
  " 1K ",
  '{"id":"',
  '{"type":',
  "1.2MiB ",
  "Saving to: ",
  "Length: ",
  "Step 1",
  "45% [",
  "[#",
  "[DL:",
  "a9c0ffee1234: ",
];

function millisecondsFor(text: string): number {
  const asked = new Asked();
  const start = process.cpuUsage();
  asked.read(text, false);
  asked.read(text, true);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** The longest line that the splitter gives. A quadratic expression needs seconds for it. */
const LENGTH = 16 * 1024;
const MOST_MS = 60;

test("repeated parts take no more than linear time", () => {
  const slow: string[] = [];
  for (const start of STARTS)
    for (const part of PARTS) {
      const text = start + part.repeat(LENGTH / part.length);
      let ms = millisecondsFor(text);
      // The collection of garbage may have fallen into the first time.
      if (ms > MOST_MS) ms = Math.min(ms, millisecondsFor(text));
      if (ms > MOST_MS) slow.push(`${ms} ms: ${text.slice(0, 60)}`);
    }
  expect(slow).toEqual([]);
});

test("no text makes a recogniser throw, and no figure is out of range", () => {
  const part = fc.oneof(
    fc.constantFrom(...PARTS, ...STARTS),
    fc.string({ maxLength: 6 }),
    fc.nat().map(String),
  );
  const line = fc.array(part, { maxLength: 30 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.array(fc.tuple(line, fc.boolean()), { maxLength: 5 }), (texts) => {
      const asked = new Asked();
      for (const [text, isFrame] of texts) {
        const { percent = 0, done = 0, total = null } = asked.read(text, isFrame) ?? {};
        expect(percent).toBeGreaterThanOrEqual(0);
        expect(percent).toBeLessThanOrEqual(100);
        expect(Number.isFinite(done) && done >= 0).toBe(true);
        expect(total === null || (Number.isFinite(total) && done <= total)).toBe(true);
      }
    }),
    { numRuns: cases(1000) },
  );
});
