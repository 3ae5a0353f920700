/** The bar with its percent, and below it the amounts: what is done, the rate, the time left and gone. */
import type { Operation } from "../../../protocol/operation.js";
import { stagePercent } from "../../../protocol/overall-progress.js";
import { isFinal } from "../../../protocol/state.js";
import {
  formatAmount,
  formatDuration,
  formatEta,
  formatPercent,
  formatRate,
  isByteUnit,
} from "../../terminal/format.js";
import { usualOf } from "../state/histories.js";
import type { State } from "../state/model.js";
import { addBar, addWandering, isIndeterminate } from "./bar.js";
import { fit, tame, widthOf } from "./cells.js";
import { elapsedOf } from "./elapsed.js";
import { chainSecondsLeft, isOverdue, secondsLeft } from "./estimate.js";
import { Line } from "./line.js";
import type { Paint } from "./paint.js";
import { styleOf } from "./state-style.js";

/** Columns for ` 100%` and the margins. */
const AROUND = 7;
/** A bar wider than this says no more; a narrower one says too little to give its room to the stage's name. */
const WIDEST = 60;
const NARROWEST = 20;
/** The name of an untracked stage stands nowhere else, and keeps its room. */
const NARROWEST_UNTRACKED = 8;

/** Columns that an operation's own word for what it counts may take, or the name of its stage beside the bar. */
const WORD = 16;

/** Two rows, or three where not all figures fit in one; no bar where nothing was started, or was told before it ended. */
export function progress(state: State, operation: Operation, width: number, paint: Paint): string[] {
  if (operation.startedAt === null) return waiting(state, operation, width, paint);
  const figures = packed([measuredParts(operation), timeParts(state, operation)], width, paint);
  if (isFinal(operation.state) && operation.state !== "succeeded" && stagePercent(operation) === null)
    return figures;
  const bar = new Line(width, paint).add(" ");
  const room = barWidth(operation, width);
  if (isIndeterminate(operation)) {
    addWandering(bar, room, state.now, styleOf(operation));
    // The stepper does not show an untracked stage.
    if (operation.untrackedStage !== null) bar.addWhole(`    …${ofStage(operation)}`, "dim");
  } else
    addBar(bar, room, operation.percent, styleOf(operation))
      .add(formatPercent(operation.percent).padStart(5), "bold")
      .addWhole(ofStage(operation), "dim");
  return [bar.toString(), ...figures];
}

/** The same for each stage of an operation, so that it does not jump from one to the next. */
function barWidth({ stages, untrackedStage }: Operation, width: number): number {
  const whole = width - AROUND;
  if (stages.length < 2 && untrackedStage === null) return Math.min(WIDEST, whole);
  let longest = untrackedStage === null ? 0 : widthOf(fit(tame(untrackedStage), WORD));
  for (const stage of stages) {
    longest = Math.max(longest, widthOf(fit(tame(stage), WORD)));
    if (longest === WORD) break;
  }
  const beside = whole - widthOf(OF) - longest;
  const narrowest = untrackedStage === null ? NARROWEST : NARROWEST_UNTRACKED;
  return Math.min(WIDEST, beside >= narrowest ? beside : whole);
}

const OF = " of ";

/** Of which stage the bar is: the list shows the whole. */
function ofStage({ state, stages, currentStage, untrackedStage }: Operation): string {
  if (untrackedStage !== null) return OF + fit(tame(untrackedStage), WORD);
  const stage = stages[currentStage];
  if (state === "succeeded" || stages.length < 2 || stage === undefined) return "";
  return OF + fit(tame(stage), WORD);
}

/** What a queued one waits for. */
function waiting(state: State, operation: Operation, width: number, paint: Paint): string[] {
  const parts: string[] = [];
  if (operation.retryAt !== null && operation.retryAt !== undefined) {
    const seconds = (Date.parse(operation.retryAt) - state.now) / 1000;
    if (seconds > 0) parts.push(`tried again in ${formatEta(seconds)}`);
  }
  const usual = usualOf(state, operation)?.seconds?.p50 ?? null;
  if (operation.state === "queued" && usual !== null) parts.push(`usually takes ~${formatDuration(usual)}`);
  return parts.length === 0 ? [] : packed([parts], width, paint);
}

/** What is counted: the amount, the rate, and when the counting is done. */
function measuredParts(operation: Operation): string[] {
  const { progress: measured } = operation;
  if (operation.state !== "running" || measured === null) return [];
  const label = measured.label === null ? "" : `${fit(tame(measured.label), WORD)} `;
  const unit = measured.unit === null ? null : fit(tame(measured.unit), WORD);
  // `Rows 3/10` says it: no `row` behind that.
  const told = unit !== null && !isByteUnit(unit) && label.toLowerCase().includes(unit.toLowerCase());
  const parts = [label + formatAmount(measured.done, measured.total, told ? null : unit)];
  if (measured.rate !== null) parts.push(formatRate(measured.rate, unit));
  if (measured.etaSeconds !== null) parts.push(`ETA ${formatEta(measured.etaSeconds)}`);
  return parts;
}

/** The clock, and what earlier runs make of it. */
function timeParts(state: State, operation: Operation): string[] {
  const parts: string[] = [];
  const elapsed = elapsedOf(operation, state.now);
  const running = operation.state === "running";
  if (elapsed !== null) parts.push(`${running ? "elapsed" : "took"} ${formatDuration(elapsed)}`);
  const usual = usualOf(state, operation)?.seconds?.p50 ?? null;
  if (!running && operation.state === "succeeded" && usual !== null)
    parts.push(`usually ~${formatDuration(usual)}`);
  const left = secondsLeft(state, operation);
  if (isOverdue(state, operation)) parts.push("longer than usual");
  else if (running && left !== null) parts.push(`~${formatEta(left)} left`);
  const chain = chainSecondsLeft(state, operation);
  if (chain !== null && chain !== left) parts.push(`chain ~${formatEta(chain)} left`);
  return parts;
}

/** Groups of figures in one row where they fit, else a row each. */
function packed(groups: string[][], width: number, paint: Paint): string[] {
  const filled = groups.filter((group) => group.length > 0);
  const joined = filled.flat();
  const length = joined.reduce((sum, part) => sum + widthOf(part) + 3, 0);
  return (length <= width ? [joined] : filled).map(([first = "", ...rest]) => {
    const line = new Line(width, paint).add(" ").add(first);
    for (const part of rest) line.addWhole(` · ${part}`, part.startsWith("longer") ? "yellow" : "dim");
    return line.toString();
  });
}
