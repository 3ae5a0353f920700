/** Bars and sparklines, as pieces of a row. Bars are thin, and nothing in them moves by itself. */
import type { Line } from "../../text/line.js";
import type { Style } from "../../text/theme.js";

/** Done, the half column at its end, and the rest of a bar. */
const FULL = "━";
const HALF = "╸";
const EMPTY = "─";

/** Adds a bar of exactly this width, in half columns. Only 100 percent fills the bar. */
export function addBar(line: Line, width: number, percent: number, style: Style): Line {
  const halves = Math.round((Math.max(0, Math.min(100, percent)) / 100) * width * 2);
  const filled = percent < 100 ? Math.min(halves, width * 2 - 1) : halves;
  const [full, half] = [Math.floor(filled / 2), filled % 2];
  return line
    .draw(FULL, full, style)
    .draw(HALF, half, style)
    .draw(EMPTY, width - full - half, "track");
}

/** Characters of a sparkline. */
const SPARKS = [..."▁▂▃▄▅▆▇█"];

/** The newest values as a sparkline of at most this width, between 0 and the highest. */
export function sparkline(values: readonly number[], width: number): string {
  const newest = values.slice(-width);
  const highest = Math.max(...newest, Number.MIN_VALUE);
  return newest
    .map(
      (value) =>
        SPARKS[
          Math.min(SPARKS.length - 1, Math.floor((Math.max(0, value) / highest) * SPARKS.length))
        ],
    )
    .join("");
}
