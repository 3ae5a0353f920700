/** The bar: how much of it is filled, and the block that wanders where no total is known. */
import type { Operation } from "../../../protocol/operation.js";
import { stagePercent } from "../../../protocol/overall-progress.js";
import type { Line } from "./line.js";
import type { Style } from "./paint.js";

const FULL = "━";
const HALF = "╸";
const EMPTY = "─";

/** Milliseconds for which the wandering block stands in one place. */
const STEP = 200;

/** Whether the stage under way runs without a measure. */
export function isIndeterminate(operation: Operation): boolean {
  return operation.state === "running" && stagePercent(operation) === null;
}

/** Adds a bar of exactly this width. */
export function addBar(line: Line, width: number, percent: number, style: Style): Line {
  const filled = Math.round((Math.max(0, Math.min(100, percent)) / 100) * width * 2);
  // Full is the end, and nothing else.
  const halves = percent < 100 ? Math.min(filled, width * 2 - 1) : filled;
  const full = Math.floor(halves / 2);
  const half = halves % 2;
  return line
    .draw(FULL, full, style)
    .draw(HALF, half, style)
    .draw(EMPTY, width - full - half, "dim");
}

/** Adds a bar of which so much is filled, and in the rest of which a block goes to and fro. */
export function addAtLeast(line: Line, width: number, percent: number, now: number, style: Style): Line {
  const full = Math.min(width - 1, Math.floor((percent / 100) * width));
  return addWandering(line.draw(FULL, full, style), width - full, now, style);
}

/** Adds a bar with a block that goes to and fro. */
export function addWandering(line: Line, width: number, now: number, style: Style): Line {
  const block = Math.max(1, Math.floor(width / 4));
  const way = Math.max(1, width - block);
  const step = Math.floor(now / STEP) % (2 * way);
  const at = step < way ? step : 2 * way - step;
  return line
    .draw(EMPTY, at, "dim")
    .draw(FULL, block, style)
    .draw(EMPTY, width - at - block, "dim");
}
