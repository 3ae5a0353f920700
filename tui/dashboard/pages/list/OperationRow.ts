/**
 * A row of the list, in fixed columns: sign, name, what is going on, bar and percent of the whole chain, time left; or
 * what came of it, the time it took, its age.
 */

import { waitsForApproval } from "../../../../protocol/approval.js";
import type { Operation } from "../../../../protocol/operation.js";
import { DEFAULT_QUEUE } from "../../../../protocol/submit-fields.js";
import { firstLine } from "../../../../protocol/text/first-line.js";
import { elapsedOf } from "../../../describe/duration.js";
import { insideText } from "../../../describe/inside.js";
import { shownParams } from "../../../describe/operation.js";
import { isAsking, waitOf as personWait } from "../../../describe/waits.js";
import { formatAge } from "../../../kit/output/time.js";
import { formatDuration, formatOverall } from "../../../terminal/format.js";
import { stageGlyph } from "../../../terminal/glyphs.js";
import { allowedFailures, oddNotes } from "../../../terminal/stage-note.js";
import { formatLeft, shortLeft } from "../../../terminal/time-left.js";
import { addBar } from "../../core/bars.js";
import {
  chainOf,
  isCancelling,
  isPaused,
  nameOfChain,
  selectedOperation,
  shellCommand,
} from "../../core/chain.js";
import { chainTime } from "../../core/chain-time.js";
import { chainElapsed, chainProgress, stallOf } from "../../core/estimate.js";
import { comparedWithUsual, usualSuccessors } from "../../core/history.js";
import { hostLabel } from "../../core/hosts.js";
import { watchedInside } from "../../core/inside.js";
import { type Fold, wordsOf } from "../../core/listing.js";
import type { State } from "../../core/model.js";
import { forecastOf, isBlocked, waitOf } from "../../core/queue-view.js";
import { glyphOf, sectionOf, stateWord, styleOf } from "../../core/state-style.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import { addMarked } from "../../text/coloured.js";
import { Line } from "../../text/line.js";
import { summaryOf } from "../../text/outcome.js";
import type { Style, Theme } from "../../text/theme.js";

export interface RowColumns {
  readonly width: number;
  readonly name: number;
  /** 0: there is no room for it. */
  readonly info: number;
  /** 0: all are in the default queue, or there is no room for it. */
  readonly queue: number;
  /** 0: there is one host, or there is no room for it. */
  readonly host: number;
  /** Width of the host before the name, if there are several daemons and no room for a column; else 0. */
  readonly before: number;
  readonly bar: number;
}

/** Selection, mark, sign, and a blank. */
const HEAD = 4;
const PERCENT = 5;
const LEFT = 7;
/** In place of the bar of what waits for a person: it is no work. */
const WAITING = "┄";
const TOOK = 7;
const AGE = 5;
/** Widths from which a row has the activity column, and its own bar. */
const INFO_FROM = 42;
const BAR_FROM = 34;
const QUEUE_MOST = 12;
const HOST_MOST = 12;
const BEFORE_MOST = 9;
/** Least width of the activity column beside host and queue. */
const INFO_LEAST = 27;

/**
 * The same for every row, so that no column jumps.
 *
 * @param queueWidth columns of the longest name of a queue; 0: no column
 * @param hostWidth columns of the longest name of a host; 0: no column
 * @param isMarked every row tells its host, also where there is no room for a column
 */
export function rowColumns(width: number, queueWidth = 0, hostWidth = 0, isMarked = false): RowColumns {
  const mark = isMarked ? Math.min(BEFORE_MOST, hostWidth) : 0;
  if (width < INFO_FROM) {
    const bar = width >= BAR_FROM ? 6 : 0;
    const figures = bar > 0 ? PERCENT + LEFT : TOOK;
    const name = width - HEAD - figures - (bar > 0 ? bar + 1 : 0);
    const before = Math.min(mark, Math.max(3, Math.floor(width / 5)));
    return { width, name, info: 0, queue: 0, host: 0, before, bar };
  }
  const bar = width >= 52 ? 10 : 6;
  const narrow = width >= 48 ? 13 : 12;
  let name = width >= 52 ? Math.min(24, Math.floor(width * 0.3)) : narrow;
  let info = width - HEAD - name - 1;
  const take = (columns: number) => {
    if (columns === 0 || info - columns - 1 < INFO_LEAST) return 0;
    info -= columns + 1;
    return columns;
  };
  const host = take(Math.min(hostWidth, HOST_MOST));
  const queue = take(Math.min(queueWidth, QUEUE_MOST));
  const before = host > 0 ? 0 : mark;
  if (before > 0) {
    name += before + 1;
    info -= before + 1;
  }
  return { width, name, info, queue, host, before, bar };
}

export interface RowMarks {
  readonly selected: boolean;
  /** The list has the keys. */
  readonly active: boolean;
}

/** The input of the parts of a row. */
interface RowOf {
  readonly state: State;
  readonly operation: Operation;
  /** The links that the row stands for. */
  readonly links: readonly Operation[];
  readonly columns: RowColumns;
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
  const fold = state.list.folds.get(operation.id) ?? null;
  const links = fold === null || fold.part === "folded" ? chainOf(state, operation) : [operation];
  const row: RowOf = { state, operation, links, columns };
  const begun = () =>
    new Line(columns.width, theme.paint).add(selected ? "▌" : " ", active ? "accent" : "muted");
  const stalled = !isAsking(operation) && stallOf(state, operation) !== null;
  const line = begun()
    .add(state.list.marked.has(operation.id) ? "◆" : " ", "accent")
    .add(stalled ? "▲" : glyphOf(operation), stalled ? "warn" : styleOf(operation))
    .add(" ");
  const name = `${placeOf(fold)}${sanitizeLine(nameOfRow(operation, links, fold))}`;
  const words = wordsOf(state.list.filter);
  const bold: Style = selected ? "bold" : "plain";
  const before = hostBefore(state, operation, columns);
  line.add(before, "muted");
  if (height === 2) {
    const bar = Math.max(4, columns.width - HEAD - PERCENT - LEFT);
    const second = addProgressOf(begun().add("   "), row, bar);
    return [addMarked(line, name, words, bold).fill().toString(), second.fill().toString()];
  }
  const figures = figuresWidth(row);
  const nameWidth = columns.info > 0 ? columns.name : columns.width - HEAD - figures;
  addMarked(line, fit(name, nameWidth - widthOf(before)), words, bold).fill(
    HEAD + nameWidth + (columns.info > 0 ? 1 : 0),
  );
  const column = (text: string, width: number, style: Style) => {
    if (width === 0) return;
    const end = columns.width - line.left + width + 1;
    line.add(fit(sanitizeLine(text), width), style).fill(end);
  };
  column(
    hostLabel(state, operation, columns.host),
    columns.host,
    operation.state === "queued" ? "muted" : "plain",
  );
  column(operation.queue === DEFAULT_QUEUE ? "" : operation.queue, columns.queue, "muted");
  if (columns.info > 0) addInfo(line, row, columns.width - figures);
  addFigures(line.fill(columns.width - figures), row);
  return [line.fill().toString()];
}

/** The host before the name, if there are several daemons and no column of hosts. All have the width of the longest. */
function hostBefore(state: State, operation: Operation, { before: width }: RowColumns): string {
  if (width === 0) return "";
  const host = hostLabel(state, operation, width);
  return `${host}${" ".repeat(width - widthOf(host))} `;
}

const wholeOf = ({ state, operation, links }: RowOf) =>
  chainProgress(
    state,
    operation,
    operation.state === "running" ? usualSuccessors(state, links.at(-1) ?? operation) : [],
  );

const placeOf = (fold: Fold | null): string =>
  fold === null || fold.part === "folded" ? "" : { head: "▾ ", link: "├ ", tail: "└ " }[fold.part];

/** The rows of an unfolded chain have the names of its links. */
function nameOfRow(operation: Operation, links: readonly Operation[], fold: Fold | null): string {
  return fold === null || fold.part === "folded" ? nameOfChain(links) : operation.title;
}

/** The count is not cut. */
type Info = readonly [text: string, style: Style, count?: string];

/** The activity or the outcome of the operation in a few words. */
function infoOf(state: State, operation: Operation, links: readonly Operation[]): Info {
  const chain = links.length > 1 || operation.chain.index > 0;
  switch (operation.state) {
    case "running": {
      const { waitingForInput, cancelRequested } = operation;
      if (waitingForInput && !cancelRequested)
        return [
          waitingForInput.prompt === "" ? "needs input" : `needs input: ${waitingForInput.prompt}`,
          "warn",
        ];
      const coming = usualSuccessors(state, links.at(-1) ?? operation).length;
      const all = operation.chain.index + 1 + coming;
      if (all > 1) return [operation.title, "muted", ` ${operation.chain.index + 1}/${all}`];
      const stage = operation.stages[operation.currentStage];
      const inside = insideText(operation, watchedInside(state));
      // The innermost place says most; the page of the operation has the others.
      const place = inside === "" ? stage : inside.slice(inside.lastIndexOf(" › ") + 1);
      if (place === undefined) return [operation.status?.text ?? "", "muted"];
      const count = operation.stages.length;
      return [place, "muted", count > 1 ? ` ${operation.currentStage + 1}/${count}` : ""];
    }
    case "queued": {
      const wait = waitOf(state, operation);
      if (wait !== null) return [wait.long, wait.why === "paused queue" ? "warn" : "muted"];
      const open = waitsForApproval(operation);
      if (open !== null) return [open.question, "warn"];
      if (isBlocked(state, operation)) return [operation.blocked!.reason, "warn"];
      return [nameOfChain(links) === operation.title ? paramsOf(operation) : operation.title, "muted"];
    }
    case "failed": {
      const text = operation.error === null ? "failed" : firstLine(operation.error.message);
      return [chain ? `${operation.title}: ${text}` : text, "bad"];
    }
    case "cancelled":
      return [chain ? `${operation.title} · cancelled` : "cancelled", "warn"];
    default: {
      const [odd, ...more] = links.flatMap(oddNotes);
      if (odd !== undefined) return [odd, "warn", more.length === 0 ? "" : ` +${more.length}`];
      const allowed = links.flatMap(allowedFailures).length;
      const marked = allowed === 0 ? "" : ` ${stageGlyph("allowed-failure")} ${allowed}`;
      const summary = [comparedOf(state, operation, links), summaryOf(operation)].filter(Boolean).join(" · ");
      if (summary !== "") return [summary, "muted", marked];
      if (chain) return [links.map(({ title }) => title).join("→"), "muted", marked];
      const named = nameOfChain(links) === operation.title || shellCommand(operation) !== null;
      return [[named ? "" : operation.title, paramsOf(operation)].filter(Boolean).join(" "), "muted", marked];
    }
  }
}

/** Seconds for which the end of a watched chain stands beside the earlier runs. */
const TOLD_FOR = 10;

/** Of a chain that ended on the screen a moment ago: `as usual`, or the usual time. */
function comparedOf(state: State, operation: Operation, links: readonly Operation[]): string {
  const ago = (state.now - Date.parse(operation.finishedAt ?? "")) / 1000;
  const isWatched = state.selection.witnessed && selectedOperation(state)?.chain.id === operation.chain.id;
  if (!isWatched || !(ago <= TOLD_FOR)) return "";
  return comparedWithUsual(state, links, elapsed(state, operation, links) ?? 0);
}

/** `name=value` of the plain parameters. */
function paramsOf(operation: Operation): string {
  if (shellCommand(operation) !== null) return "";
  return Object.entries(shownParams(operation))
    .filter(([, value]) => typeof value !== "object" || value === null)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
}

/** `~2m10s` to go, with a column between it and the percent; empty where nothing is known. */
function leftText({ state, operation }: RowOf): readonly [text: string, style: Style] {
  if (isPaused(operation)) return ["paused", "muted"];
  // How long it has waited: nobody knows when the person answers.
  if (isAsking(operation)) return [formatAge(personWait(operation)!.since, state.now), "warn"];
  const time = chainTime(state, operation);
  if (time.isLate) return ["late", "warn"];
  const text = shortLeft(time);
  const short = text.length < LEFT ? text : (/^[~≥]\d+[a-z]+/.exec(text)?.[0] ?? text);
  return [short, time.isLater ? "warn" : "muted"];
}

function elapsed(state: State, operation: Operation, links: readonly Operation[]): number | null {
  return links.length > 1 ? chainElapsed(links, state.now) : elapsedOf(operation, state.now);
}

/** The activity, up to the column where the figures begin. */
function addInfo(line: Line, { state, operation, links }: RowOf, until: number): void {
  const [text, style, count = ""] = infoOf(state, operation, links);
  const room = Math.max(0, line.left - (line.width - until));
  const suffix = room > count.length + 3 ? count : "";
  line.add(fit(sanitizeLine(text), room - suffix.length), style).add(suffix, style);
}

/** Columns of the figures at the right. */
function figuresWidth({ operation, columns: { bar, info } }: RowOf): number {
  if (sectionOf(operation) === "running") return bar > 0 ? bar + 1 + PERCENT + LEFT : TOOK;
  if (operation.state === "queued") return TOOK + 1;
  return TOOK + (info > 0 || bar > 0 ? AGE + 1 : 0);
}

/** Running: the progress. Queued: the start time. Finished: the duration and the age. */
function addFigures(line: Line, row: RowOf): void {
  const { state, operation, links, columns } = row;
  if (sectionOf(operation) === "running") {
    if (columns.bar === 0) line.add(formatOverall(wholeOf(row)).padStart(TOOK));
    else addProgressOf(line.add(" "), row, columns.bar);
    return;
  }
  if (operation.state === "queued") {
    const starts = forecastOf(state, operation)?.startsAt ?? null;
    const seconds = starts === null ? 0 : (Date.parse(starts) - state.now) / 1000;
    const wait = waitOf(state, operation);
    const text = wait?.short ?? (seconds >= 1 ? `in ${formatLeft(seconds)}` : stateWord(operation));
    const isWarning = wait === null ? isBlocked(state, operation) : wait.why === "paused queue";
    const style = isWarning ? "warn" : "muted";
    line.fill(columns.width - TOOK).add(fit(text, TOOK).padStart(TOOK), style);
    return;
  }
  const seconds = elapsed(state, operation, links);
  const took = seconds === null ? "" : formatDuration(seconds);
  line.add(took.padStart(TOOK));
  if (columns.info > 0 || columns.bar > 0)
    line.add(ageText(operation.finishedAt ?? operation.updatedAt, state.now).padStart(AGE), "muted");
}

/** Milliseconds in which an age stays the same: else each second draws the rows of all that ended just now again. */
const AGE_STEP = 10_000;

function ageText(since: string, now: number): string {
  const at = Date.parse(since);
  return now - at < AGE_STEP ? "now" : formatAge(since, now - ((now - at) % AGE_STEP));
}

/** The bar, the percent of the whole chain, and the time left. */
function addProgressOf(line: Line, row: RowOf, bar: number): Line {
  const { operation } = row;
  const whole = wholeOf(row);
  const [left, style] = leftText(row);
  if (isCancelling(operation)) line.add(fit("cancelling", bar), "warn");
  else if (isAsking(operation)) line.draw(WAITING, bar, "warn");
  else addBar(line, bar, whole.percent, styleOf(operation));
  return line
    .fill(row.columns.width - PERCENT - LEFT)
    .add(formatOverall(whole).padStart(PERCENT))
    .add(left.padStart(LEFT), style);
}
