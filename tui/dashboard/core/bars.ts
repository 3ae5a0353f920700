/** Bars and sparklines, as pieces of a row. */
import type { Operation } from "../../../protocol/operation.js";
import { type OverallProgress, stagePercent } from "../../terminal/overall-progress.js";
import type { Line } from "../text/line.js";
import type { Style, Theme } from "../text/theme.js";

/** Done and rest of a bar. */
export const FULL = "█";
export const EMPTY = "░";

/** Milliseconds that the moving block stays in one place. */
const STEP = 200;

/** Whether the operation runs and the share of its stage is not known. */
export function isIndeterminate(operation: Operation): boolean {
  return operation.state === "running" && stagePercent(operation) === null;
}

/** Adds a bar of exactly this width. Only 100 percent fills the bar. */
export function addBar(line: Line, width: number, percent: number, style: Style): Line {
  const filled = Math.round((Math.max(0, Math.min(100, percent)) / 100) * width);
  const full = percent < 100 ? Math.min(filled, width - 1) : filled;
  return line.draw(FULL, full, style).draw(EMPTY, width - full, "track");
}

/** Adds the bar of a progress. If the share is not known, a block moves through the rest of the bar. */
export function addProgress(
  line: Line,
  width: number,
  { percent, known }: OverallProgress,
  now: number,
  style: Style,
): Line {
  if (known) return addBar(line, width, percent, style);
  const full = Math.min(width - 1, Math.floor((percent / 100) * width));
  return addWandering(line.draw(FULL, full, style), width - full, now, style);
}

/** The time that moves the block. During a pause the block stands still. */
export function motionTime({ pause }: Operation, now: number): number {
  return pause?.since == null ? now : Date.parse(pause.since);
}

/** Adds a bar with a block that goes to and fro. */
export function addWandering(line: Line, width: number, now: number, style: Style): Line {
  const block = Math.max(1, Math.floor(width / 4));
  const way = Math.max(0, width - block);
  const step = way === 0 ? 0 : Math.floor(now / STEP) % (2 * way);
  const at = step < way ? step : 2 * way - step;
  return line
    .draw(EMPTY, at, "track")
    .draw(FULL, block, style)
    .draw(EMPTY, width - at - block, "track");
}

/** A sparkline of CPU use reaches its top at this many cores or more, so that an idle operation looks idle. */
export const LEAST_CORES = 0.25;

/** Adds a sparkline of exactly this width, the newest value at its right. */
export function addSparkline(
  line: Line,
  theme: Theme,
  values: readonly number[],
  width: number,
  least = 0,
): Line {
  const text = sparkline(values, width, theme, least);
  const missing = width - [...text].length;
  return line.draw(theme.sparks[0] ?? " ", missing, "track").add(text, "accent");
}

/** The newest values as a sparkline of at most this width, between 0 and the highest, which is at least `least`. */
export function sparkline(values: readonly number[], width: number, theme: Theme, least = 0): string {
  const newest = values.slice(-width);
  const highest = Math.max(...newest, least, Number.MIN_VALUE);
  const steps = [...theme.sparks];
  return newest
    .map(
      (value) => steps[Math.min(steps.length - 1, Math.floor((Math.max(0, value) / highest) * steps.length))],
    )
    .join("");
}
