/**
 * The list: a row for each operation, or for each chain that is folded; only the ones on the screen, columns by width.
 */
import type { Operation } from "../../../protocol/operation.js";
import { STATES } from "../../../protocol/state.js";
import { formatDuration, formatEta, formatOverall } from "../../terminal/format.js";
import { unknownState } from "../state/filter.js";
import { chainOf, operationOf, type State } from "../state/model.js";
import { type Fold, selectedRow } from "../state/order.js";
import { wholeOf } from "../state/whole.js";
import { addAtLeast, addBar } from "./bar.js";
import { fit, tame, widthOf, wrap } from "./cells.js";
import { chainElapsed, elapsedOf } from "./elapsed.js";
import { chainSecondsLeft, ownEta, secondsLeft } from "./estimate.js";
import { Line } from "./line.js";
import type { Paint, Style } from "./paint.js";
import { stallOf } from "./stall.js";
import { glyphOf, isCancelling, stateWord, styleOf } from "./state-style.js";

const BAR = 10;
/** A bar where a name leaves no room for a whole one. */
const SHORT_BAR = 6;
const PERCENT = 5;
const TIME = 7;
const LEFT = 7;

/** Widths from which every row has room for more than its name and one figure. */
const FIGURES_FROM = 38;
/** Below it a row has bar or state only where its own name leaves room for them. */
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
  const words = (text: string) => wrap(text, width - 4, 3).map((row) => `  ${row}`);
  const unknown = unknownState(state.listing.filter);
  return [
    "",
    ...words(`Nothing fits ${tame(state.listing.text)}`),
    ...(unknown === null ? [] : words(`The states are ${STATES.join(", ")}.`)),
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
  const stalled = stallOf(state, operation) !== null;
  const line = new Line(width, paint)
    .add(selected ? "▌" : " ", !selected ? "plain" : state.pane === "list" ? "cyan" : "dim")
    .add(stalled ? "▲" : glyphOf(operation), stalled ? "yellow" : styleOf(operation))
    .add(" ");
  const name = nameParts(operation, fold);
  const spare = line.left - widthOfName(name);
  const figures = figuresOf(state, operation, fold, width, spare, left, paint);
  return line
    .join(nameOf(name, selected, line.left - figures.width, paint))
    .join(figures)
    .toString();
}

const BRANCH: Record<Fold["part"], string> = { folded: "▸ ", head: "▾ ", link: "├ ", tail: "└ " };

/** The place in a chain, the title, the number of links, the label. */
type Name = readonly [place: string, title: string, links: string, label: string];

function nameParts(operation: Operation, fold: Fold | null): Name {
  const place = fold !== null ? BRANCH[fold.part] : operation.chain.index > 0 ? "↳ " : "";
  const links = fold?.part === "folded" ? ` ×${operation.chain.index + 1}` : "";
  return [place, tame(operation.title), links, tame(operation.label ?? "")];
}

const BETWEEN = " · ";

function widthOfName([place, title, links, label]: Name): number {
  const labelled = label === "" ? 0 : BETWEEN.length + widthOf(label);
  return widthOf(place) + widthOf(title) + widthOf(links) + labelled;
}

/** The label is the first to be cut, then the title: the number of links stays as long as there is room for half of it. */
function nameOf([place, title, links, label]: Name, selected: boolean, width: number, paint: Paint): Line {
  const line = new Line(width, paint).add(place, "dim");
  const room = line.left - widthOf(links);
  const kept = widthOf(title) <= room * 2 ? links : "";
  line.add(fit(title, line.left - widthOf(kept)), selected ? "bold" : "plain").add(kept, "dim");
  // Of less than two of its letters nothing is to be learnt.
  if (label !== "" && line.left >= BETWEEN.length + Math.min(3, widthOf(label)))
    line.add(BETWEEN, "dim").add(label, "dim");
  return line.fill();
}

/** Right of the name: bar or state, percent, time and estimate as far as the name keeps room; else one figure. */
function figuresOf(
  state: State,
  operation: Operation,
  fold: Fold | null,
  width: number,
  spare: number,
  left: string | null,
  paint: Paint,
): Line {
  const { now } = state;
  const running = operation.state === "running";
  const percent = running ? formatOverall(wholeOf(state, operation)) : "";
  const seconds =
    fold?.part === "folded" ? chainElapsed(chainOf(state, operation), now) : elapsedOf(operation, now);
  const elapsed = seconds === null ? "" : formatDuration(seconds);
  const two = width >= FIGURES_FROM;
  // The last column stays free.
  const figures = two ? PERCENT + TIME + 1 : TIME;
  const bar = width >= BAR_FROM ? BAR : roomFor(operation, spare - figures - 1);
  const line = new Line(figures + (bar === 0 ? 0 : bar + 1) + (left === null ? 0 : LEFT), paint);
  if (bar > 0) addProgress(line.add(" "), state, operation, bar);
  const place = operation.queuePosition === null || bar > 0 ? "" : `#${operation.queuePosition}`;
  if (two) line.add(percent.padStart(PERCENT)).add((elapsed || place).padStart(TIME), "dim");
  else line.add((percent || elapsed || place).padStart(TIME - 1), running ? "plain" : "dim");
  if (left !== null) line.add(left.padStart(LEFT), "dim");
  return line.fill();
}

/** Columns for the bar, or the word for the state, that fit into so many; 0 where neither does. */
function roomFor(operation: Operation, columns: number): number {
  // What went well needs no word beside its glyph.
  if (operation.state === "succeeded") return 0;
  const barred = operation.state === "running" && !isCancelling(operation);
  const wanted = barred ? [BAR, SHORT_BAR] : [stateWord(operation).length];
  return wanted.find((width) => width <= columns) ?? 0;
}

function addProgress(line: Line, state: State, operation: Operation, width: number): void {
  if (operation.state !== "running" || isCancelling(operation)) {
    line.add(stateWord(operation).padStart(width), wordStyle(operation));
    return;
  }
  const { percent, known } = wholeOf(state, operation);
  if (known) addBar(line, width, percent, styleOf(operation));
  else addAtLeast(line, width, percent, state.now, styleOf(operation));
}

function wordStyle(operation: Operation): Style {
  return operation.state === "failed" || operation.state === "cancelled" || isCancelling(operation)
    ? styleOf(operation)
    : "dim";
}

/** ` ~2m10s` to go: of the whole chain, where the row stands for one; without `~` where the last stage counts it. */
function leftOf(state: State, operation: Operation): string {
  if (operation.state !== "running") return "";
  const fold = state.folds.get(operation.id);
  const chain = fold?.part === "folded" ? chainSecondsLeft(state, operation) : null;
  const left = chain ?? secondsLeft(state, operation);
  if (left !== null) return ` ~${formatEta(left)}`;
  const eta = ownEta(operation);
  return eta === null || operation.currentStage < operation.stages.length - 1 ? "" : ` ${formatEta(eta)}`;
}
