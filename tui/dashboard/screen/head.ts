/**
 * The head of the selected operation: who it is, chain rail, stepper, bar, status and outcome.
 *
 * The log below always keeps its rows: what stands above gives way (blank rows, long results, a tall stepper) first.
 */
import { getOwn } from "../../../protocol/get-own.js";
import type { Operation } from "../../../protocol/operation.js";
import { formatDuration } from "../../terminal/format.js";
import type { State } from "../state/model.js";
import { pad, tame } from "./cells.js";
import { panesOf } from "./layout.js";
import { Line } from "./line.js";
import { linkResults, outcome } from "./outcome.js";
import type { Paint } from "./paint.js";
import { progress } from "./progress.js";
import { rail } from "./rail.js";
import { stallOf } from "./stall.js";
import { glyphOf, STATUS_GLYPHS, STATUS_STYLES, stateWord, styleOf } from "./state-style.js";
import { stepper } from "./stepper.js";

/** Rows the log keeps, its rule included, as a share of the pane and at least. */
const LOG_SHARE = 0.35;
const LOG_LEAST = 5;

/** Rows of the head, for the pane as it is. */
export function headRows(state: State, operation: Operation, paint: Paint): string[] {
  const { detailWidth: width, detailHeight: height } = panesOf(state);
  const budget = height - Math.max(LOG_LEAST, Math.floor(height * LOG_SHARE));
  const who = [title(operation, width, paint), ...about(operation, width, height, paint)];
  const chain = rail(state, operation, width, paint);
  const bar = progress(state, operation, width, paint);
  const status = [...stallRow(state, operation, width, paint), ...statusRow(operation, width, paint)];
  const fixed = who.length + chain.length + bar.length + status.length;
  const ended = outcome(operation, width, Math.min(12, Math.max(1, budget - fixed - 1)), paint);
  const steps = stepper(state, operation, width, budget - fixed - ended.length, paint);
  const others = linkResults(
    state,
    operation,
    width,
    budget - fixed - ended.length - steps.length - 1,
    paint,
  );
  return spaced([who, chain, steps, [...bar, ...status], ended, others], budget).slice(0, height);
}

/** The groups one below the other, with blank rows between them as far as the budget goes. */
function spaced(groups: string[][], budget: number): string[] {
  const shown = groups.filter((group) => group.length > 0);
  let spare = budget - shown.reduce((sum, group) => sum + group.length, 0);
  const rows: string[] = [];
  shown.forEach((group, i) => {
    if (i > 0 && spare-- > 0) rows.push("");
    rows.push(...group);
  });
  if (spare > 0) rows.push("");
  return rows;
}

function title(operation: Operation, width: number, paint: Paint): string {
  const line = new Line(width, paint).add(` ${glyphOf(operation)} `, styleOf(operation));
  const state = stateWord(operation);
  const room = line.left - state.length - 2;
  return line
    .add(pad(tame(operation.title), room), "bold")
    .add(` ${state} `, styleOf(operation))
    .toString();
}

/** Id, type, attempt, label and, where there is height for a second row, the working directory. */
function about(operation: Operation, width: number, height: number, paint: Paint): string[] {
  const line = new Line(width, paint).add(`   ${operation.id}`, "dim");
  if (tame(operation.op) !== tame(operation.title)) line.addWhole(` · ${tame(operation.op)}`, "dim");
  if (operation.attempt > 1) line.addWhole(` · attempt ${operation.attempt}`, "yellow");
  const kept = operation.stages.filter((stage) => getOwn(operation.stageTimes, stage)?.resumed).length;
  if (kept > 0) line.addWhole(`, ${kept} stage${kept === 1 ? "" : "s"} kept`, "dim");
  if (operation.label !== null) line.add(" · ", "dim").add(tame(operation.label));
  if (height < 20) return [line.toString()];
  return [line.toString(), new Line(width, paint).add(`   ${tame(operation.cwd)}`, "dim").toString()];
}

function stallRow(state: State, operation: Operation, width: number, paint: Paint): string[] {
  const stall = stallOf(state, operation);
  if (stall === null) return [];
  const line = new Line(width, paint).add(" ▲ ", "yellow");
  const time = formatDuration(stall.seconds);
  if (stall.why === "stopped")
    return [line.add(`its worker is stopped (SIGSTOP), for ${time}`, "yellow").toString()];
  if (stall.why === "no room")
    return [line.add(`it waits for room on the daemon's disk, for ${time}`, "yellow").toString()];
  if (stall.why === "blocked")
    return [line.add(`blocked for ${time}: ${tame(operation.blocked?.reason ?? "")}`, "yellow").toString()];
  line.add(`nothing has moved for ${time}`, "yellow");
  return [line.addWhole(`, usually ${formatDuration(stall.why)} at most`, "dim").toString()];
}

function statusRow(operation: Operation, width: number, paint: Paint): string[] {
  if (operation.status === null) return [];
  const { level, text } = operation.status;
  const style = STATUS_STYLES[level] ?? "plain";
  const line = new Line(width, paint).add(` ${STATUS_GLYPHS[level] ?? "ℹ"} `, style);
  return [line.add(tame(text), style).toString()];
}
