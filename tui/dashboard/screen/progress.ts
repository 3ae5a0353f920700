/** The bar with its percent, and below it the amounts: what is done, the rate, the time left and gone. */
import type { Operation } from "../../../protocol/operation.js";
import { formatAmount, formatDuration, formatEta, formatPercent, formatRate } from "../../terminal/format.js";
import { addBar, addWandering, isIndeterminate } from "./bar.js";
import { fit, tame } from "./cells.js";
import { elapsedOf } from "./elapsed.js";
import { Line } from "./line.js";
import type { Paint } from "./paint.js";
import { styleOf } from "./state-style.js";

/** Columns for ` 100%` and the margins. */
const AROUND = 7;
/** A bar wider than this says no more. */
const WIDEST = 60;

/** Columns that an operation's own word for what it counts may take. */
const WORD = 16;

/** Two rows, or one of words where nothing was started. */
export function progress(operation: Operation, width: number, now: number, paint: Paint): string[] {
  if (operation.startedAt === null) return [];
  const bar = new Line(width, paint).add(" ");
  const room = Math.min(WIDEST, width - AROUND);
  if (isIndeterminate(operation)) addWandering(bar, room, now, styleOf(operation));
  else
    addBar(bar, room, operation.percent, styleOf(operation)).add(
      formatPercent(operation.percent).padStart(5),
      "bold",
    );
  return [bar.toString(), figures(operation, width, now, paint)];
}

function figures(operation: Operation, width: number, now: number, paint: Paint): string {
  const line = new Line(width, paint).add(" ");
  const parts: string[] = [];
  const { progress: measured } = operation;
  if (operation.state === "running" && measured !== null) {
    const label = measured.label === null ? "" : `${fit(tame(measured.label), WORD)} `;
    const unit = measured.unit === null ? null : fit(tame(measured.unit), WORD);
    parts.push(label + formatAmount(measured.done, measured.total, unit));
    if (measured.rate !== null) parts.push(formatRate(measured.rate, unit));
    if (measured.etaSeconds !== null) parts.push(`ETA ${formatEta(measured.etaSeconds)}`);
  }
  const elapsed = elapsedOf(operation, now);
  if (elapsed !== null)
    parts.push(`${operation.state === "running" ? "elapsed" : "took"} ${formatDuration(elapsed)}`);
  const [first = "", ...rest] = parts;
  line.add(first);
  for (const part of rest) line.addWhole(` · ${part}`, "dim");
  return line.toString();
}
