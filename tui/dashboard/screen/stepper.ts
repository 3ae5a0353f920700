/**
 * The stage stepper: in one row where it fits (with what earlier runs usually took, else without, else without
 * durations), one stage a row where there is height, and a compact row of glyphs with the current stage where there is
 * neither.
 */
import { getOwn } from "../../../protocol/get-own.js";
import type { Operation } from "../../../protocol/operation.js";
import { formatDuration } from "../../terminal/format.js";
import { stageColour, stageGlyph } from "../../terminal/glyphs.js";
import type { State } from "../state/model.js";
import { tame, widthOf } from "./cells.js";
import { stageSeconds } from "./elapsed.js";
import { usualSeconds } from "./estimate.js";
import { Line } from "./line.js";
import type { Paint, Style } from "./paint.js";

interface Step {
  name: string;
  glyph: string;
  style: Style;
  active: boolean;
  pending: boolean;
  /** What it took, or has been taking. */
  time: string;
  /** What it usually takes: `~12s`; "" where no earlier run tells. */
  usual: string;
}

type Detail = "usual" | "times" | "names";

/** @param height rows it may take */
export function stepper(
  state: State,
  operation: Operation,
  width: number,
  height: number,
  paint: Paint,
): string[] {
  const steps = operation.stages.map((stage) => stepOf(state, operation, stage));
  if (steps.length === 0) return [];
  return (
    horizontal(steps, width, "usual", paint) ??
    horizontal(steps, width, "times", paint) ??
    horizontal(steps, width, "names", paint) ??
    (height >= Math.min(steps.length, 4)
      ? vertical(steps, width, height, paint)
      : compact(steps, width, paint))
  );
}

function stepOf(all: State, operation: Operation, stage: string): Step {
  const state = getOwn(operation.stageStates, stage);
  const times = getOwn(operation.stageTimes, stage);
  const seconds = stageSeconds(times, all.now, operation.state === "running");
  const usual = usualSeconds(all, operation, stage);
  return {
    name: tame(stage),
    glyph: stageGlyph(state),
    style: stageColour(state),
    active: state === "active",
    pending: state === undefined,
    time: times?.resumed ? "kept" : seconds === null ? "" : formatDuration(seconds),
    usual: usual === null ? "" : `~${formatDuration(usual)}`,
  };
}

/** `12s`, `~15s` of one to come, `12s of ~15s` of the one under way; what is over needs no comparison in a row. */
function timeOf(step: Step, detail: Detail): string {
  if (detail === "names") return "";
  if (detail === "times" || step.usual === "") return step.time;
  if (step.pending) return step.usual;
  return step.active && step.time !== "" ? `${step.time} of ${step.usual}` : step.time;
}

function horizontal(steps: Step[], width: number, detail: Detail, paint: Paint): string[] | null {
  const wide = (step: Step) => {
    const time = timeOf(step, detail);
    return 2 + widthOf(step.name) + (time === "" ? 0 : time.length + 1);
  };
  const names = steps.reduce((sum, step) => sum + wide(step), 1);
  const gaps = steps.length - 1;
  // Times grow while one looks on: room is kept for one more digit group, so that the row does not flip to and fro.
  const room = width - names - (detail === "names" ? 0 : 3);
  if (room < gaps * 3) return null;
  const link = ` ${"─".repeat(gaps === 0 ? 0 : Math.min(3, Math.floor(room / gaps) - 2))} `;
  const line = new Line(width, paint).add(" ");
  steps.forEach((step, i) => {
    if (i > 0) line.add(link, "dim");
    addStep(line, step);
    const time = timeOf(step, detail);
    if (time !== "") line.add(` ${time}`, "dim");
  });
  return [line.toString()];
}

function vertical(steps: Step[], width: number, height: number, paint: Paint): string[] {
  const [from, to] = around(steps, height);
  const nameWidth = Math.max(...steps.map((step) => widthOf(step.name)));
  const timeWidth = Math.max(...steps.map((step) => step.time.length));
  const rows = steps.slice(from, to).map((step) => {
    const line = addStep(new Line(width, paint).add(" "), step);
    line.fill(Math.min(nameWidth + 4, width - 8)).addWhole(` ${step.time.padStart(timeWidth)}`, "dim");
    return step.usual === "" ? line : line.addWhole(`  usually ${step.usual}`, "dim");
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
  line.add(step.name, step.active ? "bold" : "plain").addWhole(` ${timeOf(step, "usual")}`, "dim");
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
