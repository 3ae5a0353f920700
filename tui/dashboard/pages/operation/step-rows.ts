/** The rows of the steps below their stage: sign, name, time, bar, and what the step says or why it ended. */
import { secondsBetween } from "../../../../protocol/estimate/seconds.js";
import type { Operation } from "../../../../protocol/operation.js";
import { knownStepState } from "../../../../protocol/stage-state.js";
import { firstLine } from "../../../../protocol/text/first-line.js";
import { withoutSequences } from "../../../../protocol/text/sgr.js";
import { stepNote, stepUse } from "../../../describe/steps.js";
import { formatDuration, formatPercent } from "../../../terminal/format.js";
import { stageGlyph } from "../../../terminal/glyphs.js";
import { addBar } from "../../core/bars.js";
import { isPaused } from "../../core/chain.js";
import { PAUSED, stageStyle } from "../../core/state-style.js";
import type { StepRow, StepRows } from "../../core/steps.js";
import { fit, fitName, sanitizeLine } from "../../text/cells.js";
import { Line } from "../../text/line.js";
import type { Paint, Style } from "../../text/theme.js";

export interface StepsView extends StepRows {
  readonly operation: Operation;
  /** What an active step says. Untrusted text. */
  readonly said: (step: StepRow) => string;
  readonly now: number;
}

export interface StepColumns {
  readonly indent: number;
  /** Columns up to the end of the name, and of the time behind it. */
  readonly names: number;
  readonly time: number;
}

/** Columns behind the time from which there is a bar, and its columns there. */
const BARS = [
  [48, 14],
  [30, 8],
] as const;
const PERCENT = 4;
/** From which CPU and memory stand at the right edge. */
const USE_FROM = 56;

export function stepRows(view: StepsView, columns: StepColumns, width: number, paint: Paint): Line[] {
  const { rows, others } = view;
  const { indent, names, time } = columns;
  const room = width - names - time - 2;
  const hasBar = rows.some(isMeasured);
  const all = rows.map(({ name }) => sanitizeLine(name));
  const bar = hasBar ? (BARS.find(([from]) => room >= from)?.[1] ?? 0) : 0;
  const lines = rows.map((step) => {
    const [glyph, style] = signOf(step, view.operation);
    const at = indent + 2 * (step.depth ?? 0);
    const line = new Line(width, paint).fill(at).add(`${glyph} `, style);
    const name = fitName(sanitizeLine(step.name), names - at - 2, all);
    line.add(name, step.state === "active" ? "bold" : "plain");
    line.fill(names).add(timeOf(step, view).padStart(time), "muted").add("  ");
    if (isMeasured(step)) addShare(line, step, bar);
    else if (step.state === "active" && hasBar) line.fill(line.width - line.left + shareColumns(bar));
    const [text, tone] = textOf(step, view);
    const use = room >= USE_FROM && step.depth === undefined ? stepUse(view.operation, step) : "";
    line.add(fit(text, line.left - (use === "" ? 0 : use.length + 2)), tone);
    return line.right(use, "muted");
  });
  if (others === "") return lines;
  return [...lines, new Line(width, paint).fill(indent + 2).add(others, "muted")];
}

const isMeasured = ({ state, percent, progress }: StepRow): boolean =>
  state === "active" && (percent > 0 || (progress !== null && progress.total !== null));

/** With the blank columns before the text. */
const shareColumns = (bar: number): number => (bar === 0 ? 0 : bar + 1) + PERCENT + 2;

function addShare(line: Line, { percent, progress }: StepRow, bar: number): void {
  if (bar > 0) addBar(line, bar, percent, "accent").add(" ");
  line.add(formatPercent(percent, progress?.approximate).padStart(PERCENT), "bold").add("  ");
}

function signOf({ state }: StepRow, operation: Operation): [sign: string, style: Style] {
  if (state === "active" && isPaused(operation)) return [PAUSED, "warn"];
  return [stageGlyph(state), stageStyle(state)];
}

function timeOf({ state, resumed, seconds, startedAt, finishedAt }: StepRow, view: StepsView): string {
  if (state === undefined) return "";
  if (resumed) return "reused";
  if (state === "skipped") return "skipped";
  if (state === "up-to-date") return "as is";
  if (state !== "active")
    return formatDuration(seconds ?? secondsBetween(startedAt, finishedAt ?? startedAt));
  return formatDuration(Math.floor(secondsBetween(startedAt, view.operation.pause?.since ?? view.now)));
}

function textOf(step: StepRow, { said }: StepsView): [text: string, style: Style] {
  const state = step.state && knownStepState(step.state);
  if (state === "active") return [sanitizeLine(withoutSequences(said(step))).trim(), "muted"];
  // The sign and the time say the others.
  const note = state === "ended" ? stepNote({ ...step, state }) : firstLine(step.reason ?? "");
  return [sanitizeLine(note), state === "failed" ? "bad" : state === "allowed-failure" ? "warn" : "muted"];
}
