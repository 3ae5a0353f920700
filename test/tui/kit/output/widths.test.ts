/** The width functions of a table give the same with and without string-width. */
import fc from "fast-check";
import stringWidth from "string-width";
import { expect, test } from "vitest";
import * as full from "../../../../tui/kit/output/width.js";
import { isPlain, PLAIN_WIDTHS, widthsFor } from "../../../../tui/kit/output/widths.js";

const plainText = fc.string({
  unit: fc.constantFrom("a", "Z", "9", " ", "é", "●", "✓", "…"),
  maxLength: 20,
});
const otherText = fc.constantFrom("日本", "e\u0301", "👩‍💻", "\x1b[31m", "\t", "\u200b", "▶\ufe0f");

test("text of one column a character is cut and filled as string-width measures it", () => {
  fc.assert(
    fc.property(
      plainText,
      fc.integer({ min: 0, max: 25 }),
      fc.constantFrom("left", "right"),
      (text, width, align) => {
        expect(PLAIN_WIDTHS.columnsOf(text)).toBe(full.columnsOf(text));
        expect(PLAIN_WIDTHS.fit(text, width, align)).toBe(full.fit(text, width, align));
      },
    ),
  );
});

test("any other text is measured by string-width", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(plainText), otherText, async (texts, other) => {
      expect(await widthsFor(texts)).toBe(PLAIN_WIDTHS);
      expect((await widthsFor([...texts, other])).columnsOf).toBe(full.columnsOf);
    }),
  );
});

test("every character that counts as plain is one column to string-width, too", () => {
  const characters = Array.from({ length: 0x10000 - 0x20 }, (_, n) =>
    String.fromCharCode(n + 0x20),
  );
  const plain = characters.filter(isPlain);
  expect(plain.filter((character) => stringWidth(character) !== 1)).toEqual([]);
  expect(plain.length).toBeGreaterThan(900);
});
