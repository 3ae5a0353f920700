/**
 * A row of the list, in fixed columns: sign, name, what is going on, bar and percent of the whole
 * chain, time left; or what came of it, the time it took, its age.
 */

import { waitsForApproval, waitsForPerson } from "../../../../protocol/approval.js";
import type { Operation } from "../../../../protocol/operation.js";
import { headlineOf } from "../../../../protocol/text/line-level.js";
import { elapsedOf } from "../../../describe/duration.js";
import { insideText } from "../../../describe/inside.js";
import { shownParams } from "../../../describe/operation.js";
import { waitOf as personWait } from "../../../describe/waits.js";
import { formatAge } from "../../../kit/output/time.js";
import { formatDuration, formatOverall } from "../../../terminal/format.js";
import { stageGlyph } from "../../../terminal/glyphs.js";
import { hostOf } from "../../../terminal/host-state.js";
import { allowedFailures, oddNotes } from "../../../terminal/stage-note.js";
import { formatLeft, shortLeft } from "../../../terminal/time-left.js";
import {
  chainOf,
  isCancelling,
  isPaused,
  nameOfChain,
  selectedOperation,
} from "../../core/chain.js";
import { wordsOf } from "../../core/list/listing.js";
import type { State } from "../../core/model.js";
import { watchedInside } from "../../core/operation/inside.js";
import { forecastOf, isBlocked, waitOf } from "../../core/queues/queue-view.js";
import { glyphOf, sectionOf, stateWord, styleOf } from "../../core/state-style.js";
import { addBar } from "../../core/time/bars.js";
import { chainProgress, chainTime } from "../../core/time/chain-time.js";
import { chainElapsed, stallOf } from "../../core/time/estimate.js";
import { comparedWithUsual, usualSuccessors } from "../../core/time/history.js";
import { fit, sanitizeLine } from "../../text/cells.js";
import { addMarked } from "../../text/coloured.js";
import { Line } from "../../text/line.js";
import { summaryOf } from "../../text/outcome.js";
import type { Style, Theme } from "../../text/theme.js";

/** Widths of the columns; 0: there is no room for the column. */
export interface RowColumns {
  readonly width: number;
  readonly host: number;
  readonly name: number;
  readonly info: number;
  readonly bar: number;
}

/** Selection, mark, sign, and a blank. */
const HEAD = 4;
const PERCENT = 5;
const LEFT = 7;
/** In place of the bar of what waits for a person: it is no work. */
const WAITING = "┄";
const TOOK = 7;
const AGE = 6;
const HOST_MOST = 12;
/** Width from which a row has the activity column. */
const INFO_FROM = 42;

/**
 * The same for every row, so that no column jumps.
 *
 * @param hostWidth columns of the longest name of a host; 0: no column
 */
export function rowColumns(width: number, hostWidth: number): RowColumns {
  const host = hostWidth === 0 ? 0 : Math.min(HOST_MOST, hostWidth, Math.floor(width / 5)) + 1;
  const bar = BARS.find(([from]) => width >= from)?.[1] ?? 0;
  const figures = bar === 0 ? TOOK : bar + 1 + PERCENT + LEFT;
  if (width < INFO_FROM) return { width, host, name: width - HEAD - host - figures, info: 0, bar };
  const name = Math.min(24, Math.floor(width * 0.3));
  return { width, host, name, info: width - HEAD - host - name - 1, bar };
}

/** Columns of the bar, from a width of the row on. */
const BARS = [
  [52, 10],
  [34, 6],
] as const;

/** The input of the parts of a row. */
interface RowOf {
  readonly state: State;
  readonly operation: Operation;
  /** The links that the row stands for. */
  readonly links: readonly Operation[];
  readonly columns: RowColumns;
}

/** A figure at the right edge. */
interface Figure {
  readonly width: number;
  readonly add: (line: Line) => void;
}

const figure = (text: string, width: number, style: Style = "plain"): Figure => ({
  width,
  add: (line) => line.add(fit(text, width).padStart(width), style),
});

export function operationRow(
  state: State,
  operation: Operation,
  columns: RowColumns,
  isSelected: boolean,
  { paint }: Theme,
): Line {
  const { list, pane } = state;
  const fold = list.folds.get(operation.id) ?? null;
  const isWhole = fold === null || fold.part === "folded";
  const links = isWhole ? chainOf(state, operation) : [operation];
  const row = { state, operation, links, columns };
  const isStalled = !waitsForPerson(operation) && stallOf(state, operation) !== null;
  // The rows of an unfolded chain have the names of its links.
  const name = isWhole
    ? nameOfChain(links)
    : `${PLACES[fold.part]}${sanitizeLine(operation.title)}`;
  const figures = figuresOf(row);
  const end = columns.width - figures.reduce((sum, { width }) => sum + width, 0);
  const line = new Line(columns.width, paint)
    .add(isSelected ? "▌" : " ", pane === "list" ? "accent" : "muted")
    .add(list.marked.has(operation.id) ? "◆" : " ", "accent")
    .add(isStalled ? "▲" : glyphOf(operation), isStalled ? "warn" : styleOf(operation))
    .fill(HEAD)
    .add(fit(sanitizeLine(hostOf(operation) ?? ""), Math.max(0, columns.host - 1)), "muted")
    .fill(HEAD + columns.host);
  const nameEnd = columns.info > 0 ? HEAD + columns.host + columns.name : end;
  const cut = fit(sanitizeLine(name), nameEnd - HEAD - columns.host);
  // A failure must stand out without colours too.
  const isBold = isSelected || operation.state === "failed";
  addMarked(line, cut, wordsOf(list.filter), isBold ? "bold" : "plain").fill(nameEnd);
  if (columns.info > 0) addInfo(line.add(" "), row, end);
  line.fill(end);
  for (const { add } of figures) add(line);
  return line.fill();
}

const PLACES = { folded: "", head: "▾ ", link: "├ ", tail: "└ " };

/** The count is not cut. */
type Info = readonly [text: string, style: Style, count?: string];

/** The activity or the outcome of the operation in a few words. */
function infoOf({ state, operation, links }: RowOf): Info {
  const chain = links.length > 1 || operation.chain.index > 0;
  switch (operation.state) {
    case "running": {
      if (waitsForPerson(operation)) return [personWait(operation)!.text, "warn"];
      const coming = usualSuccessors(state, links.at(-1)!).length;
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
      return [whatOf(operation, links), "muted"];
    }
    case "failed": {
      const text = operation.error === null ? "failed" : headlineOf(operation.error.message);
      return [chain ? `${operation.title}: ${text}` : text, "bad"];
    }
    case "cancelled":
      return [chain ? `${operation.title} · cancelled` : "cancelled", "warn"];
    default: {
      const [odd, ...more] = links.flatMap(oddNotes);
      if (odd !== undefined) return [odd, "warn", more.length === 0 ? "" : ` +${more.length}`];
      const allowed = links.flatMap(allowedFailures).length;
      const marked = allowed === 0 ? "" : ` ${stageGlyph("allowed-failure")} ${allowed}`;
      const summary = [comparedOf(state, operation, links), summaryOf(operation)]
        .filter(Boolean)
        .join(" · ");
      return [summary || whatOf(operation, links), "muted", marked];
    }
  }
}

/** Seconds for which the end of a watched chain stands beside the earlier runs. */
const TOLD_FOR = 10;

/** Of a chain that ended on the screen a moment ago: `as usual`, or the usual time. */
function comparedOf(state: State, operation: Operation, links: readonly Operation[]): string {
  const ago = (state.now - Date.parse(operation.finishedAt ?? "")) / 1000;
  const isWatched =
    state.selection.witnessed && selectedOperation(state)?.chain.id === operation.chain.id;
  if (!isWatched || !(ago <= TOLD_FOR)) return "";
  return comparedWithUsual(state, links, elapsed(state, operation, links) ?? 0);
}

/** The title, where the name is another; else `name=value` of the plain parameters. */
function whatOf(operation: Operation, links: readonly Operation[]): string {
  if (nameOfChain(links) !== operation.title) return operation.title;
  return Object.entries(shownParams(operation))
    .filter(([, value]) => typeof value !== "object" || value === null)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
}

/** `~2m10s` to go, with a column between it and the percent; empty where nothing is known. */
function leftText({ state, operation }: RowOf): readonly [text: string, style: Style] {
  if (isPaused(operation)) return ["paused", "muted"];
  // How long it has waited: nobody knows when the person answers.
  if (waitsForPerson(operation))
    return [formatAge(personWait(operation)!.since, state.now), "warn"];
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
function addInfo(line: Line, row: RowOf, until: number): void {
  const [text, style, count = ""] = infoOf(row);
  const room = Math.max(0, line.left - (line.width - until));
  const suffix = room > count.length + 3 ? count : "";
  line.add(fit(sanitizeLine(text), room - suffix.length), style).add(suffix, style);
}

/** Running: the progress. Queued: the start time. Finished: the duration and the age. */
function figuresOf(row: RowOf): Figure[] {
  const { state, operation, links, columns } = row;
  if (sectionOf(operation) === "running") return progressOf(row);
  if (operation.state === "queued") return [figure(...startOf(state, operation))];
  const seconds = elapsed(state, operation, links);
  const took = figure(seconds === null ? "" : formatDuration(seconds), TOOK);
  const age = ageText(operation.finishedAt ?? operation.updatedAt, state.now);
  return columns.bar === 0 ? [took] : [took, figure(`${age} `, AGE, "muted")];
}

/** When it starts, or why it waits. */
function startOf(state: State, operation: Operation): [text: string, width: number, style: Style] {
  const starts = forecastOf(state, operation)?.startsAt ?? null;
  const seconds = starts === null ? 0 : (Date.parse(starts) - state.now) / 1000;
  const wait = waitOf(state, operation);
  const text = wait?.short ?? (seconds >= 1 ? `in ${formatLeft(seconds)}` : stateWord(operation));
  const isWarning = wait === null ? isBlocked(state, operation) : wait.why === "paused queue";
  return [` ${fit(text, TOOK)}`, TOOK + 1, isWarning ? "warn" : "muted"];
}

/**
 * Milliseconds in which an age stays the same: else each second draws the rows of all that ended
 * just now again.
 */
const AGE_STEP = 10_000;

function ageText(since: string, now: number): string {
  const at = Date.parse(since);
  return now - at < AGE_STEP ? "now" : formatAge(since, now - ((now - at) % AGE_STEP));
}

/** The bar, the percent of the whole chain, and the time left. */
function progressOf(row: RowOf): Figure[] {
  const { state, operation, columns } = row;
  const { bar } = columns;
  const whole = chainProgress(state, operation);
  const percent = formatOverall(whole);
  if (bar === 0) return [figure(percent, TOOK)];
  const [left, style] = leftText(row);
  const add = (line: Line) => {
    line.add(" ");
    if (isCancelling(operation)) line.add(fit("cancelling", bar).padEnd(bar), "warn");
    else if (waitsForPerson(operation)) line.draw(WAITING, bar, "warn");
    else addBar(line, bar, whole.percent, styleOf(operation));
  };
  return [{ width: bar + 1, add }, figure(percent, PERCENT), figure(left, LEFT, style)];
}
