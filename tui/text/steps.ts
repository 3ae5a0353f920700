/** The bar where nothing can be drawn over: a plain line each time another tenth is reached. Pure. */
import { formatAmount, formatPercent } from "../terminal/format.js";
import { neutralise } from "../terminal/neutralise.js";
import type { BarView } from "./bar.js";

export interface Steps {
  /** The last tenth that was said; 0 before the first. */
  tenth: number;
}

/** A bar that goes back, or away, starts the tenths anew. An unknown total has no tenths. */
export function stepLine(steps: Steps, view: BarView | null): { steps: Steps; line: string | null } {
  if (view === null) return { steps: { tenth: 0 }, line: null };
  const { progress, percent } = view;
  if (progress !== null && progress.total === null) return { steps, line: null };
  const tenth = Math.floor(percent / 10);
  if (tenth === steps.tenth) return { steps, line: null };
  if (tenth < steps.tenth) return { steps: { tenth }, line: null };
  const label = progress?.label ?? view.stage;
  const name = label ? `${neutralise(label)} ` : "";
  const unit = progress?.unit == null ? null : neutralise(progress.unit);
  const amount = progress ? ` (${formatAmount(progress.done, progress.total, unit)})` : "";
  return { steps: { tenth }, line: `${name}${formatPercent(tenth * 10)}${amount}` };
}
