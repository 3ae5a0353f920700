/** The bar: how much of it is filled, and the block that wanders where no total is known. */
import type { Operation } from "../../../protocol/operation.js";
import type { Line } from "./line.js";
import type { Style } from "./paint.js";

const FULL = "━";
const HALF = "╸";
const EMPTY = "─";

/** Milliseconds for which the wandering block stands in one place. */
const STEP = 200;

/** Whether it runs without a measure: no total, or nothing said yet of how far it is. */
export function isIndeterminate({ state, progress, percent }: Operation): boolean {
  return state === "running" && (progress === null ? percent === 0 : progress.total === null);
}

/** Adds a bar of exactly this width. */
export function addBar(line: Line, width: number, percent: number, style: Style): Line {
  const halves = Math.round((Math.max(0, Math.min(100, percent)) / 100) * width * 2);
  const full = Math.floor(halves / 2);
  const half = halves % 2;
  return line
    .draw(FULL, full, style)
    .draw(HALF, half, style)
    .draw(EMPTY, width - full - half, "dim");
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
