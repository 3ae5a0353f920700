/**
 * The stage stepper: in one row where it fits (with durations, else without), one stage a row where there is
 * height, and a compact row of glyphs with the current stage where there is neither.
 */
import type { Operation } from "../../../protocol/operation.js";
import { formatDuration } from "../../terminal/format.js";
import { stageColour, stageGlyph } from "../../terminal/glyphs.js";
import { tame, widthOf } from "./cells.js";
import { stageSeconds } from "./elapsed.js";
import { Line } from "./line.js";
import type { Paint, Style } from "./paint.js";

interface Step {
  name: string;
  glyph: string;
  style: Style;
  active: boolean;
  pending: boolean;
  time: string;
}

/** @param height rows it may take */
export function stepper(
  operation: Operation,
  width: number,
  height: number,
  now: number,
  paint: Paint,
): string[] {
  const steps = operation.stages.map((stage) => stepOf(operation, stage, now));
  if (steps.length === 0) return [];
  return (
    horizontal(steps, width, true, paint) ??
    horizontal(steps, width, false, paint) ??
    (height >= Math.min(steps.length, 4)
      ? vertical(steps, width, height, paint)
      : compact(steps, width, paint))
  );
}

function stepOf(operation: Operation, stage: string, now: number): Step {
  const state = operation.stageStates[stage];
  const times = operation.stageTimes[stage];
  const seconds = stageSeconds(times, now, operation.state === "running");
  return {
    name: tame(stage),
    glyph: stageGlyph(state),
    style: stageColour(state),
    active: state === "active",
    pending: state === undefined,
    time: times?.resumed ? "kept" : seconds === null ? "" : formatDuration(seconds),
  };
}

function horizontal(steps: Step[], width: number, times: boolean, paint: Paint): string[] | null {
  const wide = (step: Step) => 2 + widthOf(step.name) + (times && step.time ? widthOf(step.time) + 1 : 0);
  const names = steps.reduce((sum, step) => sum + wide(step), 1);
  const gaps = steps.length - 1;
  // Times grow while one looks on: room is kept for one more digit group, so that the row does not flip to and fro.
  const room = width - names - (times ? 3 : 0);
  if (room < gaps * 3) return null;
  const link = ` ${"─".repeat(gaps === 0 ? 0 : Math.min(3, Math.floor(room / gaps) - 2))} `;
  const line = new Line(width, paint).add(" ");
  steps.forEach((step, i) => {
    if (i > 0) line.add(link, "dim");
    addStep(line, step);
    if (times && step.time) line.add(` ${step.time}`, "dim");
  });
  return [line.toString()];
}

function vertical(steps: Step[], width: number, height: number, paint: Paint): string[] {
  const [from, to] = around(steps, height);
  const nameWidth = Math.max(...steps.map((step) => widthOf(step.name)));
  const rows = steps.slice(from, to).map((step) => {
    const line = addStep(new Line(width, paint).add(" "), step);
    line.fill(Math.min(nameWidth + 4, width - 8));
    return line.addWhole(` ${step.time}`, "dim");
  });
  if (from > 0) rows[0] = new Line(width, paint).add(` ⋮ ${from + 1} before`, "dim");
  const hidden = steps.length - to;
  if (hidden > 0) rows[rows.length - 1] = new Line(width, paint).add(` ⋮ ${hidden + 1} more`, "dim");
  return rows.map(String);
}

/** `✓✓●○○ 3/5 Archive 12s` */
function compact(steps: Step[], width: number, paint: Paint): string[] {
  const line = new Line(width, paint).add(" ");
  const at = current(steps);
  const glyphs = around(steps, Math.max(5, Math.floor(width / 3)));
  for (const step of steps.slice(...glyphs)) line.add(step.glyph, step.style);
  line.add(` ${at + 1}/${steps.length} `, "dim");
  const step = steps[at]!;
  line.add(step.name, step.active ? "bold" : "plain").addWhole(` ${step.time}`, "dim");
  return [line.toString()];
}

function addStep(line: Line, step: Step): Line {
  line.add(`${step.glyph} `, step.style);
  return line.add(step.name, step.active ? "bold" : step.pending ? "dim" : "plain");
}

/** The stage under way, else the last one that was entered. */
function current(steps: Step[]): number {
  const active = steps.findIndex((step) => step.active);
  return active !== -1
    ? active
    : Math.max(
        0,
        steps.findLastIndex((step) => !step.pending),
      );
}

/** So many steps with the current one about in their middle. */
function around(steps: Step[], count: number): [number, number] {
  const from = Math.max(0, Math.min(steps.length - count, current(steps) - Math.floor(count / 2)));
  return [from, Math.min(steps.length, from + count)];
}
