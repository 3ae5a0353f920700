/** Sparklines: the newest values, scaled to the highest. */
import { expect, test } from "vitest";
import { LEAST_CORES, sparkline } from "../../../tui/dashboard/components/bars.js";
import type { Theme } from "../../../tui/dashboard/text/theme.js";

const theme = { sparks: "12345678" } as Theme;

test("shows the newest values that fit, the highest at the top", () => {
  expect(sparkline([9, 9, 0, 1, 2, 4, 8], 5, theme)).toBe("12358");
  expect(sparkline([], 5, theme)).toBe("");
  expect(sparkline([0, 0], 5, theme)).toBe("11");
});

test("an idle operation looks idle", () => {
  expect(sparkline([0, 0.005, 0.01], 3, theme, LEAST_CORES)).toBe("111");
  expect(sparkline([0, 0.125, 0.25], 3, theme, LEAST_CORES)).toBe("158");
});
