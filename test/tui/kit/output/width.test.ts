/** Law: text fitted to a width is exactly that wide. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { columnsOf, cut, fit } from "../../../../tui/kit/output/width.js";

const text = fc.string({
  unit: fc.constantFrom("a", "é", "日", "👩‍💻", "e\u0301", " ", "한"),
  maxLength: 20,
});

test("fit fills and cuts to the column", () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 0, max: 30 }), (value, width) => {
      expect(columnsOf(fit(value, width))).toBe(width);
      expect(columnsOf(fit(value, width, "right"))).toBe(width);
      expect(columnsOf(cut(value, width))).toBeLessThanOrEqual(width);
    }),
  );
});

test("a cut is marked, and a wide character is not halved", () => {
  expect(cut("日本語", 5)).toBe("日本…");
  expect(cut("日本語", 4)).toBe("日…");
  expect(cut("日本語", 6)).toBe("日本語");
  expect(fit("ab", 4, "right")).toBe("  ab");
});
