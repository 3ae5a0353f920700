/** Sparklines: the newest values, scaled to the highest. Bars: as wide as they are asked to be. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { addBar, sparkline } from "../../../tui/dashboard/core/time/bars.js";
import { Line } from "../../../tui/dashboard/text/line.js";

test("shows the newest values that fit, the highest at the top", () => {
  expect(sparkline([9, 9, 0, 1, 2, 4, 8], 5)).toBe("▁▂▃▅█");
  expect(sparkline([], 5)).toBe("");
  expect(sparkline([0, 0], 5)).toBe("▁▁");
});

test("a bar has its width at every progress, and only 100 percent fills it", () => {
  const widths = fc.integer({ min: 1, max: 60 });
  const percents = fc.double({ min: 0, max: 100, noNaN: true });
  fc.assert(
    fc.property(widths, percents, (width, percent) => {
      const line = addBar(new Line(80), width, percent, "accent");
      expect(80 - line.left).toBe(width);
      expect(line.toString() === "━".repeat(width)).toBe(percent === 100);
    }),
  );
});

test("a bar is thin and ends in half columns", () => {
  const bar = (percent: number) => addBar(new Line(80), 10, percent, "accent").toString();
  expect([0, 5, 50, 54, 99.9].map(bar)).toEqual([
    "──────────",
    "╸─────────",
    "━━━━━─────",
    "━━━━━╸────",
    "━━━━━━━━━╸",
  ]);
});
