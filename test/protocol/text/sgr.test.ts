/** Colours of programs in log lines: they stay, every other control sequence is dropped. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sanitizeLogLine, sanitizeLogLines } from "../../../protocol/text/sanitize.js";
import {
  onlyColours,
  shownCodes,
  withoutOtherSequences,
  withoutSequences,
} from "../../../protocol/text/sgr.js";
import { cases } from "../../faults/mode.js";

const SGR = /\x1b\[[\d;]+m/g;
/** Controls, C1 and bidi. */
const ACTIVE = /[\x00-\x1f\x7f-\x9f\u202a-\u202e]/;

const piece = fc.constantFrom(
  "\x1b",
  "\x1b[",
  "\x1b]",
  "\x1b[31m",
  "\x1b[0m",
  "\x1b[2J",
  "\x9b",
  "\x9b31m",
  "\x07",
  "\x1b\\",
  "\x1bP",
  "\x1b[?25l",
  "\t",
  "\r",
  "3",
  "1;",
  "m",
  "text",
  "é",
  "\u202e",
  "\ud800",
);
const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(""));

describe("a line for a terminal", () => {
  test("has no control but colours, and ends without one", () => {
    fc.assert(
      fc.property(text, (line) => {
        const shown = sanitizeLogLine(line);
        expect(shown.replace(SGR, "")).not.toMatch(ACTIVE);
        const codes = shown.match(SGR) ?? [];
        expect(["\x1b[0m", undefined]).toContain(codes.at(-1));
        expect(sanitizeLogLine(shown)).toBe(shown);
        expect(sanitizeLogLines(`${line}\nplain\n`)).toBe(`${shown}\nplain\n`);
        expect(withoutSequences(shown)).toBe(shown.replace(SGR, ""));
      }),
      { numRuns: cases(5000) },
    );
  });

  test.each([
    ["a colour that the line leaves on", "\x1b[31mred", "\x1b[31mred\x1b[0m"],
    ["a line that resets itself", "\x1b[1;31mred\x1b[m.", "\x1b[1;31mred\x1b[0m."],
    [
      "256 colours and true colour",
      "\x1b[38;5;0ma\x1b[48;2;1;2;3mb\x1b[0m",
      "\x1b[38;5;0ma\x1b[48;2;1;2;3mb\x1b[0m",
    ],
    [
      "the form with colons",
      "\x1b[38:2::1:2:3ma\x1b[38:5:9mb\x1b[4:3mc\x1b[m",
      "\x1b[38;2;1;2;3ma\x1b[38;5;9mb\x1b[4mc\x1b[0m",
    ],
    ["hidden and blinking text", "\x1b[8mhidden\x1b[5m!", "hidden!"],
    ["a cut true colour", "\x1b[38;2;1ma", "a"],
    ["cursor, screen and modes", "a\x1b[2J\x1b[10;4H\x1b[?25l\x1b(Bb", "ab"],
    ["a title and a link", "\x1b]0;owned\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"],
    ["a title without an end", "\x1b]0;text", "0;text"],
    ["a sequence that is cut off", "a\x1b[3", "a"],
    ["other controls", "a\x07\u202e", "a\\x07\\u202e"],
    ["tabs behind colours", "\x1b[31mab\x1b[0m\tc", "\x1b[31mab\x1b[0m      c"],
  ])("%s", (_, line, shown) => {
    expect(sanitizeLogLine(line)).toBe(shown);
  });

  test("of a quarter of a megabyte takes linear time", () => {
    // The least of three: a busy machine only adds. Eight times the text is 64 times the work of a
    // quadratic expression.
    const least = (part: string, count: number) =>
      Math.min(...[1, 2, 3].map(() => microsecondsOf(() => sanitizeLogLine(part.repeat(count)))));
    for (const part of ["\x1b]", "\x1b[", "\x1b[31", "\x1bP\x1b", "\x1b[31m"])
      expect(least(part, 64_000), JSON.stringify(part)).toBeLessThan(32 * least(part, 8000));
  });
});

function microsecondsOf(work: () => void): number {
  const from = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(from);
  return user + system;
}

test("what is stored of a program keeps its colours as they are", () => {
  expect(withoutOtherSequences("\x1b[38:5:9ma\x1b[2J\x1b[m")).toBe("\x1b[38:5:9ma\x1b[m");
});

test("codes", () => {
  expect(["", "0", "1;31", "31;8", "99", "58;5;1;4", "38;9;1"].map(shownCodes)).toEqual([
    "0",
    "0",
    "1;31",
    "31",
    "99",
    "4",
    "9;1",
  ]);
  expect(onlyColours("plain")).toBe("plain");
});
