/**
 * The list: a row for each operation, or for each chain that is folded; only the ones on the screen, columns by width.
 */
import type { Operation } from "../../../protocol/operation.js";
import { formatDuration, formatEta, formatPercent } from "../../terminal/format.js";
import { chainOf, operationOf, type State } from "../state/model.js";
import { type Fold, selectedRow } from "../state/order.js";
import { addBar, addWandering, isIndeterminate } from "./bar.js";
import { tame, widthOf, wrap } from "./cells.js";
import { chainElapsed, elapsedOf } from "./elapsed.js";
import { chainSecondsLeft, secondsLeft } from "./estimate.js";
import { Line } from "./line.js";
import type { Paint, Style } from "./paint.js";
import { stallOf } from "./stall.js";
import { glyphOf, stateWord, styleOf } from "./state-style.js";

const BAR = 10;
const PERCENT = 5;
const TIME = 7;
const LEFT = 7;

/** Widths from which a row has room for more than its name and one figure. */
const FIGURES_FROM = 38;
const BAR_FROM = 52;
const LEFT_FROM = 58;

export function list(state: State, width: number, height: number, paint: Paint): string[] {
  if (state.order.length === 0) return nothingFits(state, width, paint);
  const selected = state.order[selectedRow(state)];
  const shown = state.order
    .slice(state.top, state.top + height)
    .map((id) => operationOf(state, id))
    .filter((operation) => operation !== null);
  const lefts = width < LEFT_FROM ? [] : shown.map((operation) => leftOf(state, operation));
  // The column is there only where something stands in it.
  const left = lefts.some((text) => text !== "") ? lefts : null;
  return shown.map((operation, i) =>
    row(state, operation, operation.id === selected, width, left?.[i] ?? null, paint),
  );
}

function nothingFits(state: State, width: number, paint: Paint): string[] {
  const rows = wrap(`Nothing fits ${tame(state.listing.text)}`, width - 4, 3).map((text) => `  ${text}`);
  return [
    "",
    ...rows,
    "",
    new Line(width, paint).add("  esc", "bold").add(" all of them again", "dim").toString(),
  ];
}

function row(
  state: State,
  operation: Operation,
  selected: boolean,
  width: number,
  left: string | null,
  paint: Paint,
): string {
  const fold = state.folds.get(operation.id) ?? null;
  const figures = figuresOf(state, operation, fold, width, left, paint);
  const stalled = stallOf(state, operation) !== null;
  const line = new Line(width, paint)
    .add(selected ? "▌" : " ", state.pane === "list" ? "cyan" : "dim")
    .add(stalled ? "▲" : glyphOf(operation), stalled ? "yellow" : styleOf(operation))
    .add(" ");
  return line
    .join(nameOf(operation, fold, selected, line.left - figures.width, paint))
    .join(figures)
    .toString();
}

const BRANCH: Record<Fold["part"], string> = { folded: "▸ ", head: "▾ ", link: "├ ", tail: "└ " };

/** The label is the first to be cut; a chain's place stays as long as there is room for half of the name. */
function nameOf(
  operation: Operation,
  fold: Fold | null,
  selected: boolean,
  width: number,
  paint: Paint,
): Line {
  const line = new Line(width, paint);
  if (fold !== null) line.add(BRANCH[fold.part], "dim");
  else if (operation.chain.index > 0) line.add("↳ ", "dim");
  const title = tame(operation.title);
  const count = fold?.part === "folded" ? ` ${operation.chain.index + 1} links` : "";
  const shown = count !== "" && widthOf(title) + count.length <= line.left ? count : "";
  line.add(title, selected ? "bold" : "plain").add(shown, "dim");
  if (operation.label !== null && line.left > 3) line.add(` ${tame(operation.label)}`, "dim");
  return line.fill();
}

/** Right of the name: bar, percent, time and estimate as far as the name keeps room; else one figure. */
function figuresOf(
  state: State,
  operation: Operation,
  fold: Fold | null,
  width: number,
  left: string | null,
  paint: Paint,
): Line {
  const { now } = state;
  const running = operation.state === "running";
  const wandering = isIndeterminate(operation);
  const percent = !running ? "" : wandering ? "…" : formatPercent(operation.percent);
  const seconds =
    fold?.part === "folded" ? chainElapsed(chainOf(state, operation), now) : elapsedOf(operation, now);
  const elapsed = seconds === null ? "" : formatDuration(seconds);
  if (width < FIGURES_FROM)
    return new Line(TIME, paint)
      .add((percent || elapsed).padStart(TIME - 1), running ? "plain" : "dim")
      .fill();
  const bar = width >= BAR_FROM;
  const line = new Line(PERCENT + TIME + 1 + (bar ? BAR + 1 : 0) + (left === null ? 0 : LEFT), paint).add(
    " ",
  );
  if (bar && wandering) addWandering(line, BAR, now, styleOf(operation));
  else if (bar && running) addBar(line, BAR, operation.percent, styleOf(operation));
  else if (bar) line.add(stateWord(operation).padStart(BAR), wordStyle(operation));
  line.add(percent.padStart(bar ? PERCENT : PERCENT - 1)).add(elapsed.padStart(TIME), "dim");
  if (left !== null) line.add(left.padStart(LEFT), "dim");
  return line.fill();
}

function wordStyle(operation: Operation): Style {
  return operation.state === "failed" ? "red" : operation.state === "cancelled" ? "yellow" : "dim";
}

/** ` ~2m10s` to go: of the whole chain, where the row stands for one; without `~` where the last stage counts it. */
function leftOf(state: State, operation: Operation): string {
  if (operation.state !== "running") return "";
  const fold = state.folds.get(operation.id);
  const chain = fold?.part === "folded" ? chainSecondsLeft(state, operation) : null;
  const left = chain ?? secondsLeft(state, operation);
  if (left !== null) return ` ~${formatEta(left)}`;
  const eta = operation.progress?.etaSeconds ?? null;
  return eta === null || operation.currentStage < operation.stages.length - 1 ? "" : ` ${formatEta(eta)}`;
}
