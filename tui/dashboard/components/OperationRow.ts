/**
 * A row of the list, in fixed columns: sign, name, what is going on, bar and percent of the whole chain, time left; or
 * what came of it, the time it took, its age.
 */
import { firstLine } from "../../../protocol/first-line.js";
import type { Operation } from "../../../protocol/operation.js";
import { shownParams } from "../../../protocol/shown-params.js";
import { formatAge, formatDuration, formatEta, formatOverall } from "../../terminal/format.js";
import { stageGlyph } from "../../terminal/glyphs.js";
import { allowedFailures } from "../../terminal/stage-note.js";
import { chainElapsed, chainSecondsLeft, elapsedOf, secondsLeft, stallOf } from "../state/estimate.js";
import { usualSuccessors } from "../state/history.js";
import { chainOf, type Fold, isCancelling, nameOfChain, type State, shellCommand } from "../state/model.js";
import { chainProgress } from "../state/overall-progress.js";
import { fit, sanitizeLine } from "../text/cells.js";
import { Line } from "../text/line.js";
import type { Style, Theme } from "../text/theme.js";
import { addProgress } from "./bars.js";
import { glyphOf, stateWord, styleOf } from "./state-style.js";

export interface RowColumns {
  readonly width: number;
  readonly name: number;
  /** 0: there is no room for it. */
  readonly info: number;
  readonly bar: number;
}

/** Selection, sign, mark. */
const HEAD = 3;
const PERCENT = 5;
const LEFT = 7;
const TOOK = 7;
const AGE = 5;
/** Widths from which a row has the column of what is going on, and a bar of its own. */
const INFO_FROM = 42;
const BAR_FROM = 34;

/** The same for every row, so that no column jumps. */
export function rowColumns(width: number): RowColumns {
  if (width < INFO_FROM) {
    const bar = width >= BAR_FROM ? 6 : 0;
    const figures = bar > 0 ? PERCENT + LEFT : TOOK;
    return { width, name: width - HEAD - figures - (bar > 0 ? bar + 1 : 0), info: 0, bar };
  }
  const bar = width >= 52 ? 10 : 6;
  const name = width >= 52 ? Math.min(24, Math.floor(width * 0.3)) : width >= 48 ? 13 : 12;
  return { width, name, info: width - HEAD - name - 1, bar };
}

export interface RowMarks {
  readonly selected: boolean;
  /** The list has the keys. */
  readonly active: boolean;
}

/** One line, or two where `height` is 2: the bar has the second. */
export function operationRow(
  state: State,
  operation: Operation,
  columns: RowColumns,
  height: number,
  { selected, active }: RowMarks,
  theme: Theme,
): string[] {
  const fold = state.folds.get(operation.id) ?? null;
  const links = fold === null || fold.part === "folded" ? chainOf(state, operation) : [operation];
  const stalled = stallOf(state, operation) !== null;
  const line = new Line(columns.width, theme.paint)
    .add(selected ? "▌" : " ", active ? "accent" : "muted")
    .add(stalled ? "▲" : glyphOf(operation), stalled ? "warn" : styleOf(operation));
  const isNews = state.unseen.has(operation.id) || state.newFailures.includes(operation.id);
  line.add(state.marked.has(operation.id) ? "◆" : isNews ? "•" : " ", isNews ? "warn" : "accent");
  const bold: Style[] = selected || isNews ? ["bold"] : ["plain"];
  const name = `${placeOf(fold, operation)}${sanitizeLine(nameOfRow(operation, links, fold))}`;
  const running = operation.state === "running";
  if (height === 2 || columns.info === 0) {
    const two = height === 2;
    // What is finished has no bar: its name has that room.
    const plain =
      columns.bar > 0 && operation.state !== "running" ? columns.width - HEAD - TOOK - AGE - 1 : columns.name;
    const nameWidth = two ? line.left : plain;
    line.add(fit(name, nameWidth), ...bold).fill(HEAD + nameWidth);
    if (!two) addFigures(line, state, operation, links, columns, theme);
    if (!two) return [line.fill().toString()];
    const second = new Line(columns.width, theme.paint).add(
      selected ? "▌" : " ",
      active ? "accent" : "muted",
    );
    second.add("  ");
    const bar = Math.max(4, columns.width - HEAD - PERCENT - LEFT - 1);
    addProgress(second, theme, bar, wholeOf(state, operation, links), state.now, styleOf(operation));
    addPercentAndLeft(second, state, operation, links);
    return [line.fill().toString(), second.fill().toString()];
  }
  line.add(fit(name, columns.name), ...bold).fill(HEAD + columns.name + 1);
  const tail = running
    ? columns.bar + 1 + PERCENT + LEFT
    : operation.state === "queued"
      ? TOOK + 1
      : TOOK + AGE + 1;
  const [text, style, count = ""] = infoOf(state, operation, links);
  const room = Math.max(0, line.left - tail);
  const kept = room > count.length + 3 ? count : "";
  line
    .add(fit(sanitizeLine(text), room - kept.length), style)
    .add(kept, style)
    .fill(columns.width - tail);
  if (running) {
    if (isCancelling(operation)) line.add(" cancelling", "warn").fill(columns.width - PERCENT - LEFT);
    else {
      line.add(" ");
      const whole = wholeOf(state, operation, links);
      addProgress(line, theme, columns.bar, whole, state.now, styleOf(operation));
    }
    addPercentAndLeft(line, state, operation, links);
  } else addFigures(line, state, operation, links, columns, theme);
  return [line.fill().toString()];
}

const wholeOf = (state: State, operation: Operation, links: readonly Operation[]) =>
  chainProgress(
    state,
    operation,
    operation.state === "running" ? usualSuccessors(state, links.at(-1) ?? operation) : [],
  );

function placeOf(fold: Fold | null, operation: Operation): string {
  if (fold === null || fold.part === "folded") return "";
  return { head: "▾ ", link: "├ ", tail: "└ " }[fold.part] + (operation.chain.index > 0 ? "" : "");
}

/** The rows of an unfolded chain have the names of its links. */
function nameOfRow(operation: Operation, links: readonly Operation[], fold: Fold | null): string {
  return fold === null || fold.part === "folded" ? nameOfChain(links) : operation.title;
}

/** The count is not cut. */
type Info = readonly [text: string, style: Style, count?: string];

/** What is going on, or what came of it, in a few words. */
function infoOf(state: State, operation: Operation, links: readonly Operation[]): Info {
  const chain = links.length > 1 || operation.chain.index > 0;
  switch (operation.state) {
    case "running": {
      const coming = usualSuccessors(state, links.at(-1) ?? operation).length;
      const all = operation.chain.index + 1 + coming;
      if (all > 1) return [operation.title, "muted", ` ${operation.chain.index + 1}/${all}`];
      const stage = operation.stages[operation.currentStage];
      if (stage === undefined) return [operation.status?.text ?? "", "muted"];
      const count = operation.stages.length;
      return [stage, "muted", count > 1 ? ` ${operation.currentStage + 1}/${count}` : ""];
    }
    case "queued":
      if (operation.blocked) return [operation.blocked.reason, "warn"];
      return [nameOfChain(links) === operation.title ? paramsOf(operation) : operation.title, "muted"];
    case "failed": {
      const text = operation.error === null ? "failed" : firstLine(operation.error.message);
      return [chain ? `${operation.title}: ${text}` : text, "bad"];
    }
    case "cancelled":
      return [chain ? `${operation.title} · cancelled` : "cancelled", "warn"];
    default: {
      const allowed = links.flatMap(allowedFailures).length;
      const marked = allowed === 0 ? "" : ` ${stageGlyph("allowed-failure")} ${allowed}`;
      if (chain) return [links.map(({ title }) => title).join("→"), "muted", marked];
      if (operation.resultText !== null) return [firstLine(operation.resultText), "muted", marked];
      const named = nameOfChain(links) === operation.title || shellCommand(operation) !== null;
      return [[named ? "" : operation.title, paramsOf(operation)].filter(Boolean).join(" "), "muted", marked];
    }
  }
}

/** `name=value` of the plain parameters. */
export function paramsOf(operation: Operation): string {
  if (shellCommand(operation) !== null) return "";
  return Object.entries(shownParams(operation))
    .filter(([, value]) => typeof value !== "object" || value === null)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
}

function addPercentAndLeft(
  line: Line,
  state: State,
  operation: Operation,
  links: readonly Operation[],
): void {
  const percent = formatOverall(wholeOf(state, operation, links));
  line.add(percent.padStart(PERCENT)).add(leftText(state, operation, links).padStart(LEFT), "muted");
}

/** `~2m10s` to go, else how long it has been running. */
function leftText(state: State, operation: Operation, links: readonly Operation[]): string {
  const left = chainSecondsLeft(state, operation) ?? secondsLeft(state, operation);
  if (left !== null) return `~${formatEta(left)}`;
  const seconds = elapsed(state, operation, links);
  return seconds === null ? "" : formatDuration(seconds);
}

function elapsed(state: State, operation: Operation, links: readonly Operation[]): number | null {
  return links.length > 1 ? chainElapsed(links, state.now) : elapsedOf(operation, state.now);
}

/** Right of a row that does not run: when it starts, or what it took and how old it is. */
function addFigures(
  line: Line,
  state: State,
  operation: Operation,
  links: readonly Operation[],
  columns: RowColumns,
  theme: Theme,
): void {
  if (operation.state === "running") {
    if (columns.bar === 0) {
      const whole = formatOverall(wholeOf(state, operation, links));
      line.fill(columns.width - TOOK).add(whole.padStart(TOOK));
      return;
    }
    if (isCancelling(operation)) line.add(" cancel".slice(0, columns.bar + 1), "warn");
    else {
      const whole = wholeOf(state, operation, links);
      addProgress(line.add(" "), theme, columns.bar, whole, state.now, styleOf(operation));
    }
    line.fill(columns.width - PERCENT - LEFT);
    addPercentAndLeft(line, state, operation, links);
    return;
  }
  if (operation.state === "queued") {
    const starts = state.forecast?.operations[operation.id]?.startsAt ?? null;
    const seconds = starts === null ? 0 : (Date.parse(starts) - state.now) / 1000;
    const text = seconds >= 1 ? `in ${formatEta(seconds)}` : stateWord(operation);
    line.fill(columns.width - TOOK).add(fit(text, TOOK).padStart(TOOK), operation.blocked ? "warn" : "muted");
    return;
  }
  const seconds = elapsed(state, operation, links);
  const took = seconds === null ? "" : formatDuration(seconds);
  const ended = operation.finishedAt ?? operation.updatedAt;
  const wide = columns.info > 0 || columns.bar > 0;
  line.fill(columns.width - TOOK - (wide ? AGE + 1 : 0)).add(took.padStart(TOOK));
  if (wide) line.add(formatAge(ended, state.now).padStart(AGE), "muted");
}
