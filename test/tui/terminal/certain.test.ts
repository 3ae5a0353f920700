/** The short way to a width: the same answer as string-width for everything it answers. */
import fc from "fast-check";
import stringWidth from "string-width";
import { expect, test } from "vitest";
import { certainWidth } from "../../../tui/terminal/certain.js";
import width from "../../../tui/terminal/string-width.js";

test("every character it is certain of is one column to string-width, too", () => {
  const wrong: string[] = [];
  let certain = 0;
  for (let code = 0x20; code < 0x10000; code++) {
    const character = String.fromCharCode(code);
    const known = certainWidth(character);
    if (known === -1) continue;
    certain++;
    if (known !== 1 || stringWidth(character) !== 1) wrong.push(code.toString(16));
  }
  expect(wrong).toEqual([]);
  expect(certain).toBeGreaterThan(900);
});

test("any text is as wide as string-width says", () => {
  const piece = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 5 }),
    fc.string({ unit: "binary", maxLength: 5 }),
    fc.constantFrom("\x1b[36m", "\x1b[m", "\x1b[", "━╸─", "e\u0301", "日本", "👨‍👩‍👧", "▶\ufe0f", "✓ done"),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = pieces.join("");
      expect(width(text)).toBe(stringWidth(text));
    }),
    { numRuns: 500 },
  );
});

test("options go to string-width", () => {
  expect(width("─", { ambiguousIsNarrow: false })).toBe(2);
});
