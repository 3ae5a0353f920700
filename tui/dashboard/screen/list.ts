/** The list: one row an operation, only the ones on the screen, columns by width. */
import type { Operation } from "../../../protocol/operation.js";
import { formatDuration, formatPercent } from "../../terminal/format.js";
import { operationOf, type State } from "../state/model.js";
import { addBar, addWandering, isIndeterminate } from "./bar.js";
import { tame } from "./cells.js";
import { elapsedOf } from "./elapsed.js";
import { Line } from "./line.js";
import type { Paint } from "./paint.js";
import { glyphOf, stateWord, styleOf } from "./state-style.js";

const BAR = 10;
const PERCENT = 5;
const ELAPSED = 7;

export function list(state: State, width: number, height: number, paint: Paint): string[] {
  const rows: string[] = [];
  for (const id of state.order.slice(state.top, state.top + height)) {
    const operation = operationOf(state, id);
    if (operation !== null) rows.push(row(state, operation, width, paint));
  }
  return rows;
}

function row(state: State, operation: Operation, width: number, paint: Paint): string {
  const selected = operation.id === state.selected;
  const figures = figuresOf(operation, width, state.now, paint);
  const line = new Line(width, paint)
    .add(selected ? "▌" : " ", state.pane === "list" ? "cyan" : "dim")
    .add(glyphOf(operation), styleOf(operation))
    .add(" ");
  return line
    .join(nameOf(operation, selected, line.left - figures.width, paint))
    .join(figures)
    .toString();
}

/** A later link of a chain stands behind an arrow; the label is the first to be cut. */
function nameOf(operation: Operation, selected: boolean, width: number, paint: Paint): Line {
  const line = new Line(width, paint);
  if (operation.chain.index > 0) line.add("↳ ", "dim");
  line.add(tame(operation.title), selected ? "bold" : "plain");
  if (operation.label !== null && line.left > 3) line.add(` ${tame(operation.label)}`, "dim");
  return line.fill();
}

/** Right of the name: bar, percent and time as far as the name keeps room; where little is left, one figure. */
function figuresOf(operation: Operation, width: number, now: number, paint: Paint): Line {
  const running = operation.state === "running";
  const wandering = isIndeterminate(operation);
  const percent = !running ? "" : wandering ? "…" : formatPercent(operation.percent);
  const seconds = elapsedOf(operation, now);
  const elapsed = seconds === null ? "" : formatDuration(seconds);
  if (width < 38)
    return new Line(ELAPSED, paint)
      .add((percent || elapsed).padStart(ELAPSED - 1), running ? "plain" : "dim")
      .fill();
  const bar = width >= 52;
  const line = new Line(PERCENT + ELAPSED + 1 + (bar ? BAR + 1 : 0), paint).add(" ");
  if (bar && wandering) addWandering(line, BAR, now, styleOf(operation));
  else if (bar && running) addBar(line, BAR, operation.percent, styleOf(operation));
  else if (bar) line.add(stateWord(operation).padStart(BAR), operation.state === "failed" ? "red" : "dim");
  return line
    .add(percent.padStart(bar ? PERCENT : PERCENT - 1))
    .add(elapsed.padStart(ELAPSED), "dim")
    .fill();
}
