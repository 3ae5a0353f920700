/** A progress bar as one line of text. Pure: the same progress and width give the same line. */

import type { ProgressState } from "../../protocol/operation.js";
import { sanitize } from "../../protocol/text/sanitize.js";
import { columnsOf, cut } from "../kit/output/width.js";
import { formatAmount, formatPercent, formatRate } from "../terminal/format.js";
import { formatLeft } from "../terminal/time-left.js";

/** The values of a progress bar. */
export interface BarView {
  percent: number;
  progress: ProgressState | null;
  /** Stage of the progress; shown where the progress has no label. */
  stage: string | null;
}

const WIDEST = 30;
const NARROWEST = 5;
/** Width of the mark that moves along the bar where the total is unknown. */
const MARK = 3;

/** At most `columns` wide. Where space is short, the label is dropped first, then the bar. */
export function barLine(view: BarView, columns: number): string {
  const { progress } = view;
  const unknown = progress !== null && progress.total === null;
  const figures = [
    unknown ? "" : formatPercent(view.percent, progress?.approximate).padStart(4),
    ...figuresOf(progress),
  ].filter(Boolean);
  const label = sanitize(progress?.label ?? view.stage ?? "");
  const tail = figures.join("  ");
  const room = columns - columnsOf(tail) - 3;
  if (room < NARROWEST) return cut(tail.trimStart(), columns);
  const width = Math.min(WIDEST, room);
  const bar = unknown ? moving(progress.done, width) : filled(view.percent, width);
  const line = `[${bar}] ${tail}`;
  return label && columnsOf(line) + 2 + columnsOf(label) <= columns ? `${line}  ${label}` : line;
}

function figuresOf(progress: ProgressState | null): string[] {
  if (progress === null) return [];
  const unit = progress.unit === null ? null : sanitize(progress.unit);
  const figures = [formatAmount(progress.done, progress.total, unit)];
  if (progress.rate !== null) figures.push(formatRate(progress.rate, unit));
  // At the end of a loop, the stage may still take a while.
  if (progress.etaSeconds) figures.push(`ETA ${formatLeft(progress.etaSeconds)}`);
  return figures;
}

function filled(percent: number, width: number): string {
  const full = Math.floor((Math.min(100, Math.max(0, percent)) / 100) * width);
  return "█".repeat(full) + "░".repeat(width - full);
}

function moving(done: number, width: number): string {
  const at = Math.abs(Math.floor(done)) % Math.max(1, width - MARK + 1);
  return "░".repeat(at) + "█".repeat(MARK) + "░".repeat(Math.max(0, width - at - MARK));
}
