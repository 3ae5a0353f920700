/** The bar where nothing can be drawn over: a plain line each time another tenth is reached. Pure. */

import { sanitize } from "../../protocol/command/sanitize.js";
import { formatAmount, formatPercent } from "../terminal/format.js";
import type { BarView } from "./bar.js";

export interface Steps {
  /** The last tenth that was said; 0 before the first. */
  tenth: number;
  /** Which bar it was of. */
  bar?: string;
}

/** A bar that goes back, or away, or is another one, starts the tenths anew. An unknown total has no tenths. */
export function stepLine(steps: Steps, view: BarView | null): { steps: Steps; line: string | null } {
  if (view === null) return { steps: { tenth: 0 }, line: null };
  const { progress, percent } = view;
  if (progress !== null && progress.total === null) return { steps, line: null };
  const label = progress?.label ?? view.stage;
  const bar = `${label} ${progress?.total}`;
  const tenth = Math.floor(percent / 10);
  const before = bar === steps.bar ? steps.tenth : 0;
  if (tenth <= before) return { steps: { tenth, bar }, line: null };
  const name = label ? `${sanitize(label)} ` : "";
  const unit = progress?.unit == null ? null : sanitize(progress.unit);
  const amount = progress ? ` (${formatAmount(progress.done, progress.total, unit)})` : "";
  return { steps: { tenth, bar }, line: `${name}${formatPercent(tenth * 10)}${amount}` };
}
