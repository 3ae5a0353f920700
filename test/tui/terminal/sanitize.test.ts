/** Law: sanitized text holds no terminal control, in characters or in bytes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { jsonLine } from "../../../tui/kit/output/json.js";
import { cases } from "../../faults/mode.js";

/**
 * Text that is mostly trouble: every control, invisible and bidi character, halves of surrogate
 * pairs.
 */
const trouble = fc.oneof(
  fc.integer({ min: 0, max: 0xff }),
  fc.constantFrom(
    0x061c,
    0x180e,
    0x200b,
    0x200e,
    0x202a,
    0x202e,
    0x2028,
    0x2066,
    0x2069,
    0xfeff,
    0xfff9,
    0xe0041,
  ),
  fc.integer({ min: 0xd800, max: 0xdfff }),
  fc.integer({ min: 0, max: 0x10ffff }),
);
const text = fc
  .array(trouble, { maxLength: 40 })
  .map((codes) => codes.map((code) => String.fromCodePoint(code)).join(""));

/** By code point, written anew rather than taken from the code under test. */
function acts(code: number): boolean {
  return (
    code < 0x20 ||
    (code >= 0x7f && code <= 0x9f) ||
    (code >= 0xd800 && code <= 0xdfff) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x206f) ||
    [0x061c, 0x180e, 0x200b, 0x200e, 0x200f, 0xfeff].includes(code) ||
    (code >= 0xfff9 && code <= 0xfffb) ||
    (code >= 0xe0000 && code <= 0xe007f)
  );
}

const codes = (value: string) => Array.from(value, (character) => character.codePointAt(0)!);

test("nothing a terminal acts on is left", () => {
  fc.assert(
    fc.property(text, (value) => !codes(sanitize(value)).some(acts)),
    { numRuns: cases(2000) },
  );
});

test("newlines stay where they are asked for, and nothing else", () => {
  fc.assert(
    fc.property(text, (value) => {
      const kept = sanitize(value, { newlines: true });
      expect(kept.split("\n")).toHaveLength(value.split("\n").length);
      return !codes(kept.replaceAll("\n", "")).some(acts);
    }),
  );
});

test("8-bit controls are not made by the encoding of what replaces them", () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.integer({ min: 0, max: 0x9f }).map((code) => String.fromCodePoint(code)),
      }),
      (value) => Buffer.from(sanitize(value)).every((byte) => byte >= 0x20 && byte <= 0x7e),
    ),
  );
});

test("harmless text is unchanged, and sanitizing twice changes nothing", () => {
  fc.assert(
    fc.property(text, (value) => {
      const once = sanitize(value);
      expect(sanitize(once)).toBe(once);
      const harmless = codes(value)
        .filter((code) => !acts(code))
        .map((code) => String.fromCodePoint(code))
        .join("");
      // Two halves of a pair that stood apart may have met.
      if (!codes(harmless).some(acts)) expect(sanitize(harmless)).toBe(harmless);
    }),
  );
});

test.each([
  ["\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"],
  ["\x9b31m", "\\x9b31m"],
  ["title\x07", "title\\x07"],
  ["100%\r", "100%\\r"],
  ["a\nb", "a\\nb"],
  ["abc\u202etxt.exe", "abc\\u202etxt.exe"],
  ["\u{e0041}", "\\u{e0041}"],
  ["\ud83d", "\\ud83d"],
  ["naïve 日本 👩‍💻", "naïve 日本 👩‍💻"],
])("%j is shown as %j", (value, shown) => {
  expect(sanitize(value)).toBe(shown);
});

test("tabs reach the next eighth column of their line", () => {
  expect(sanitize("a\tb\tc")).toBe("a       b       c");
  expect(sanitize("12345678\t9")).toBe("12345678        9");
  expect(sanitize("long line\na\tb", { newlines: true })).toBe("long line\na       b");
  expect(sanitize("\x1b\tb")).toBe("\\x1b    b");
});

test("JSON for stdout has the same value, without control characters", () => {
  fc.assert(
    fc.property(fc.dictionary(text, text), (value) => {
      const line = jsonLine(value);
      expect(JSON.parse(line)).toEqual(value);
      return !codes(line).some(acts);
    }),
  );
});
