/**
 * The waterfall: operations and stages as rows on one axis of time, each bar where and as long as it was, and what is to
 * come with its usual time. The operation view and the timeline draw the same picture.
 */

import { stagePercent } from "../../../../protocol/estimate/overall-progress.js";
import { getOwn } from "../../../../protocol/objects.js";
import type { Operation } from "../../../../protocol/operation.js";
import { STEP_STATES, type StepState } from "../../../../protocol/stage-state.js";
import { count } from "../../../../protocol/text/count.js";
import { firstLine } from "../../../../protocol/text/first-line.js";
import { elapsedOf } from "../../../describe/duration.js";
import { stepsOf } from "../../../describe/steps.js";
import { formatDuration, formatPercent } from "../../../terminal/format.js";
import { stageGlyph } from "../../../terminal/glyphs.js";
import { allowedFailures, oddNotes } from "../../../terminal/stage-note.js";
import { isPaused } from "../../core/chain.js";
import type { Lane, Span } from "../../core/lane.js";
import { secondsOf } from "../../core/lanes.js";
import { scrollTop } from "../../core/layout.js";
import { glyphOf, PAUSED, stageStyle, styleOf } from "../../core/state-style.js";
import { heightOfSteps } from "../../core/steps.js";
import { fit, fitName, sanitizeLine, widthOf } from "../../text/cells.js";
import { Line } from "../../text/line.js";
import type { Paint, Style } from "../../text/theme.js";
import { type StepsView, stepRows } from "./step-rows.js";

/** Columns of the duration behind the name, and of the percent at the right edge. */
const TIME = 8;
const PERCENT = 5;
/** Columns of the chart from which there is one. */
const CHART_LEAST = 6;
const NAME_MOST = 28;
/** Rows above which the axis stands although not all lanes have room. */
const AXIS_FROM = 5;

export interface Waterfall {
  readonly lanes: readonly Lane[];
  readonly records: ReadonlyMap<string, Operation>;
  readonly titles: ReadonlyMap<string, string>;
  /** The operation whose stages come first where there is no room for all. */
  readonly current: string | null;
  /** Wall clock of the begin of the axis, in ms. */
  readonly start: number;
  /** The present, in milliseconds from the begin. */
  readonly at: number;
  /** Below their stage, with their own bars; null: none. Absent: steps are lanes. */
  readonly steps?: StepsView | null;
}

export function waterfall(view: Waterfall, width: number, height: number, paint: Paint): Line[] {
  const { lanes, steps = null } = view;
  const laneRows = height - heightOfSteps(steps);
  const hasAxis = lanes.length > 1 && laneRows > Math.min(lanes.length, AXIS_FROM);
  const chosen = laneChoice(view, laneRows - (hasAxis ? 1 : 0));
  const chart = chartOf(view, chosen, width);
  const rows = chosen.map((lane) => row(new Line(width, paint), view, lane, chart));
  const before = lanes.indexOf(chosen[0]!);
  const after = lanes.length - 1 - lanes.indexOf(chosen.at(-1)!);
  // A row that was left out is counted in the place of the first or the last one.
  if (rows.length > 2 && before > 0) rows[0] = new Line(width, paint).add(`⋮ ${before + 1} before`, "muted");
  if (rows.length > 2 && after > 0)
    rows[rows.length - 1] = new Line(width, paint).add(`⋮ ${after + 1} more`, "muted");
  const unfolded = chosen.findIndex(({ id, stage }) => id === steps?.operation.id && stage === steps.stage);
  if (steps !== null && unfolded !== -1) {
    const columns = { indent: chart.isDeep ? 4 : 2, names: chart.names, time: TIME };
    rows.splice(unfolded + 1, 0, ...stepRows(steps, columns, width, paint));
  }
  return hasAxis && chart.room > 0 ? [axis(new Line(width, paint), chart), ...rows] : rows;
}

interface Chart {
  /** Columns of sign and name. */
  readonly names: number;
  /** Columns of the chart; 0: there is no room for one. */
  readonly room: number;
  /** Milliseconds of all columns. */
  readonly end: number;
  /** Stages stand below their operations. */
  readonly isDeep: boolean;
  /** Of the steps that are lanes. */
  readonly stepNames: readonly string[];
}

function chartOf(view: Waterfall, lanes: readonly Lane[], width: number): Chart {
  const isDeep = lanes.some(({ stage }) => stage === null) && lanes.some(({ stage }) => stage !== null);
  const widths = lanes.map((lane) => indent(lane, isDeep) + widthOf(nameOf(view, lane) + markOf(view, lane)));
  const deep = isDeep ? 4 : 2;
  const steps = (view.steps?.rows ?? []).map(
    ({ name, depth = 0 }) => deep + 2 * depth + widthOf(sanitizeLine(name)),
  );
  const longest = Math.max(5, ...widths, ...steps);
  // Names come before bars where there is room for one of them.
  const most = Math.min(NAME_MOST, Math.max(16, Math.floor(width * 0.3)), width - TIME - PERCENT - 3);
  const names = 2 + Math.max(1, Math.min(longest, most));
  const room = width - names - TIME - 2 - PERCENT - 1;
  const stepNames = lanes.filter(({ step }) => step !== undefined).map((lane) => nameOf(view, lane));
  return { names, room: room < CHART_LEAST ? 0 : room, end: endOf(view), isDeep, stepNames };
}

/** The last end that is known or expected; without one, a round time, so that the axis changes seldom. */
function endOf({ lanes, at }: Waterfall): number {
  const spans = lanes.flatMap((lane) => lane.spans);
  const last = Math.max(1, at, ...spans.map(({ from, to }) => to ?? from));
  const isOpen = spans.some(({ to }) => to === null);
  if (!isOpen || spans.some(({ look }) => look === "usual")) return last;
  return (STEPS.find((step) => step * 1000 >= last * 1.1) ?? last / 1000) * 1000;
}

const STEPS = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400, 172_800,
  604_800,
];

/**
 * Where there is no room for all: the operations, and the stages of the current one around what runs; the steps of its
 * stage, if these have no room those that do not end well.
 */
function laneChoice(view: Waterfall, height: number): readonly Lane[] {
  const { lanes, records, current } = view;
  if (lanes.length <= height) return lanes;
  const operation = current === null ? undefined : records.get(current);
  const stage = operation?.untrackedStage ?? operation?.stages[Math.max(0, operation.currentStage)] ?? null;
  const isNear = (lane: Lane) => lane.step === undefined || lane.stage === stage;
  const near = lanes.filter((lane) => lane.stage === null || (lane.id === current && isNear(lane)));
  const isFolded = (lane: Lane) => lane.step !== undefined && FOLDED.has(stepState(lane) ?? "done");
  const fewer = near.length <= height ? near : near.filter((lane) => !isFolded(lane));
  const at = fewer.findIndex((lane) => lane.id === current && lane.stage === stage);
  const top = scrollTop(0, Math.min(fewer.length - 1, at + Math.floor(height / 2)), fewer.length, height);
  return fewer.slice(top, top + Math.max(0, height));
}

function axis(line: Line, { end, names, room }: Chart): Line {
  const begin = names + TIME + 2;
  const step = niceStep(end / 1000, Math.max(2, Math.floor(room / 11)));
  let used = 0;
  for (let seconds = 0; seconds * 1000 <= end; seconds += step) {
    const x = Math.floor(((seconds * 1000) / end) * room);
    const text = `╵${formatDuration(seconds)}`;
    if (x < used || x + widthOf(text) > room) continue;
    line.fill(begin + x).add(text, "muted");
    used = x + widthOf(text) + 1;
  }
  return line;
}

/** Seconds between two ticks, so that there are about so many. */
function niceStep(seconds: number, count: number): number {
  return STEPS.find((step) => seconds / step <= count) ?? Math.ceil(seconds / count / 86400) * 86400;
}

const indent = ({ stage, step }: Lane, isDeep: boolean): number =>
  (isDeep && stage !== null ? 2 : 0) + (step === undefined ? 0 : 2);

/** An operation with an allowed failure or odd numbers tells it beside its name. */
function markOf({ records }: Waterfall, { id, stage }: Lane): string {
  const operation = records.get(id);
  if (stage !== null || operation === undefined) return "";
  if (allowedFailures(operation).length + oddNotes(operation).length === 0) return "";
  return ` ${stageGlyph("allowed-failure")}`;
}

const nameOf = ({ titles }: Waterfall, { id, stage, step }: Lane): string =>
  sanitizeLine(step ?? stage ?? titles.get(id) ?? id);

/** In place of the duration of a stage whose block did not run. */
const UNRUN: Partial<Record<Span["look"], string>> = {
  kept: "reused",
  skipped: "skipped",
  "up-to-date": "as is",
};

function row(line: Line, view: Waterfall, lane: Lane, chart: Chart): Line {
  const { names, room, isDeep } = chart;
  addName(line.add(" ".repeat(indent(lane, isDeep))), view, lane, chart);
  const [time, style] = timeOf(view, lane);
  line.fill(names).add(time.padStart(TIME), style);
  const share = shareOf(view, lane);
  if (room === 0) return line.add(share === "" ? "" : ` ${share.padStart(4)}`, "bold");
  const note = noteOf(view, lane);
  addSpans(line.add("  "), view, lane, chart, note);
  return share === "" ? line : line.fill(line.width - PERCENT).add(share.padStart(PERCENT), "bold");
}

function addName(line: Line, view: Waterfall, lane: Lane, { names, stepNames }: Chart): void {
  const operation = view.records.get(lane.id);
  const name = nameOf(view, lane);
  if (lane.stage === null) {
    const [glyph, style] =
      operation === undefined ? (["○", "muted"] as const) : [glyphOf(operation), styleOf(operation)];
    line.add(`${glyph} `, style);
    const mark = markOf(view, lane);
    line.add(fit(name, names - 2 - widthOf(mark)), operation === undefined ? "muted" : "bold");
    line.add(mark, "warn");
    return;
  }
  const state = stateOf(view, lane);
  const isActive = state === "active" && operation?.state === "running";
  const [glyph, style] =
    isActive && isPaused(operation)
      ? ([PAUSED, "warn"] as const)
      : ([stageGlyph(state), stageStyle(state)] as const);
  const styles: Style[] = isActive ? [style, "bold"] : state === undefined ? ["muted"] : [];
  line.add(`${glyph} `, style);
  const room = names - (line.width - line.left);
  line.add(lane.step === undefined ? fit(name, room) : fitName(name, room, stepNames), ...styles);
}

/** Undefined: not entered. */
function stateOf(view: Waterfall, lane: Lane): StepState | undefined {
  const { id, stage, step } = lane;
  if (step !== undefined) return stepState(lane);
  const operation = view.records.get(id);
  if (operation === undefined || stage === null) return undefined;
  return operation.untrackedStage === stage ? "active" : getOwn(operation.stageStates, stage);
}

/** A record lists a bounded number of steps: the spans tell all of them. */
function stepState({ spans }: Lane): StepState | undefined {
  const span = spans.at(-1);
  if (span === undefined) return undefined;
  if (span.to === null) return "active";
  return STEP_STATES.find((state) => state === span.look) ?? "done";
}

/** Steps without a lane of their own where there is no room. */
const FOLDED: ReadonlySet<StepState> = new Set(["done", "skipped", "up-to-date"]);

/** What it took, or usually takes. */
function timeOf(view: Waterfall, lane: Lane): [text: string, style: Style] {
  const { at, start, records } = view;
  const spans = lane.spans.filter(({ look }) => look !== "usual");
  if (spans.length === 0) {
    const usual = lane.spans.find(({ look }) => look === "usual");
    const text = usual === undefined ? "" : `~${formatDuration((usual.to! - usual.from) / 1000)}`;
    return [text, "muted"];
  }
  const unrun = UNRUN[spans.at(-1)!.look];
  if (unrun !== undefined) return [unrun, "muted"];
  const seconds = secondsOf({ ...lane, spans }, at);
  if (seconds === null) return ["", "muted"];
  const operation = records.get(lane.id);
  const isOpen = spans.at(-1)!.to === null;
  // Only the total of earlier pauses is known, not the stages in which they were.
  const elapsed = operation !== undefined ? elapsedOf(operation, start + at) : null;
  const paused = operation?.pause != null;
  const begun = Date.parse(operation?.startedAt ?? "") - start;
  const before = secondsOf({ ...lane, spans: spans.filter(({ to }) => to !== null && to <= begun) }, at) ?? 0;
  const ran = paused && elapsed !== null ? before + Math.min(seconds - before, elapsed) : seconds;
  return [formatDuration(isOpen ? Math.floor(ran) : ran), "plain"];
}

/** Whether the reported progress is that of the lane. */
function ownsProgress({ records }: Waterfall, { id, stage, step }: Lane): boolean {
  const operation = records.get(id);
  if (operation?.state !== "running" || stage === null || step !== undefined) return false;
  const { untrackedStage, stageStates } = operation;
  return untrackedStage === null ? getOwn(stageStates, stage) === "active" : untrackedStage === stage;
}

function shareOf(view: Waterfall, lane: Lane): string {
  const operation = view.records.get(lane.id);
  if (operation === undefined || !ownsProgress(view, lane)) return "";
  if (stagePercent(operation) === null) return "";
  return formatPercent(operation.percent, operation.progress?.approximate);
}

interface Note {
  readonly text: string;
  readonly style: Style;
}

/** Why the stage was skipped or did not end well; of operations of several hosts, the host. */
function noteOf(view: Waterfall, lane: Lane): Note | null {
  const operation = view.records.get(lane.id);
  if (operation === undefined || lane.step !== undefined) return null;
  if (lane.stage === null) {
    const hosts = new Set([...view.records.values()].flatMap(({ host }) => host ?? []));
    const { host } = operation;
    return hosts.size < 2 || host === undefined ? null : { text: `on ${sanitizeLine(host)}`, style: "muted" };
  }
  const times = getOwn(operation.stageTimes, lane.stage);
  const why = times?.reason ?? times?.error ?? foldedSteps(view, operation, lane.stage);
  if (why === undefined || operation.untrackedStage === lane.stage) return null;
  // An allowed failure needs attention. The reason of a skipped stage does not.
  const isAllowed = getOwn(operation.stageStates, lane.stage) === "allowed-failure";
  return { text: sanitizeLine(firstLine(why)), style: isAllowed ? "warn" : "muted" };
}

/** How many steps the stage has, where not all of them have rows. */
function foldedSteps({ steps }: Waterfall, operation: Operation, stage: string): string | undefined {
  if (steps === undefined || steps?.stage === stage) return undefined;
  const { total = 0, done = 0 } = getOwn(operation.stepCounts ?? {}, stage) ?? {};
  if (total === 0) return undefined;
  return done === total ? count(total, "step") : stepsOf(operation, stage, 0).others;
}

const RUN = "━";
const RIGHT_HALF = "╺";
const LEFT_HALF = "╸";
const TIP = "●";
/** Spans in which nothing runs have a sign in each column. */
const STILL: Partial<Record<Span["look"], string>> = { waiting: "┄", paused: "‖", kept: "·", usual: "╌" };
/** How a span ended, where it did not end well: not told by colour alone. */
const ENDS: Partial<Record<Span["look"], string>> = {
  failed: "✗",
  cancelled: "⊘",
  "allowed-failure": "▲",
  ended: "⊘",
  skipped: "»",
  "up-to-date": "≡",
};
/** Columns between a bar and its note. */
const APART = 2;
/** Columns below which a note that is cut tells nothing. */
const NOTE_LEAST = 12;

type Cell = readonly [sign: string, style: Style];

/** Each half column as what was going on in it; then the note where the row has room for it. */
function addSpans(line: Line, view: Waterfall, lane: Lane, { room, end }: Chart, note: Note | null): void {
  const cells = cellsOf(view, lane, room, end);
  const isUsed = cells.map((cell) => cell !== null);
  const [first, last] = [isUsed.indexOf(true), isUsed.lastIndexOf(true)];
  const before = first === -1 ? 0 : first - APART;
  const after = first === -1 ? room : room - 1 - last - APART;
  const isRight = after >= before || widthOf(note?.text ?? "") <= after;
  const text = note?.text ?? "";
  const left = Math.max(0, isRight ? after : before);
  const shown = left < Math.min(NOTE_LEAST, widthOf(text)) ? "" : fit(text, left);
  const begin = line.width - line.left;
  if (shown !== "" && !isRight) line.fill(begin + before - widthOf(shown)).add(shown, note!.style);
  for (let x = Math.max(0, first); x <= last; ) {
    const [sign, style] = cells[x] ?? [" ", "plain"];
    let next = x + 1;
    while (next <= last && cells[next]?.[0] === cells[x]?.[0] && cells[next]?.[1] === cells[x]?.[1]) next++;
    line.fill(begin + x).draw(sign, next - x, style);
    x = next;
  }
  if (shown !== "" && isRight)
    line.fill(begin + (last === -1 ? 0 : last + 1 + APART)).add(shown, note!.style);
}

function cellsOf({ at }: Waterfall, lane: Lane, room: number, end: number): (Cell | null)[] {
  const half = (t: number) => Math.max(0, Math.min(2 * room, Math.round((t / end) * 2 * room)));
  const halves = Array<Span | null>(2 * room).fill(null);
  for (const span of lane.spans) {
    const from = Math.min(2 * room - 1, half(span.from));
    // A span is drawn however short it was.
    const to = Math.max(from + 1, half(span.to ?? at));
    halves.fill(span, from, to);
  }
  const cells = Array.from({ length: room }, (_, x): Cell | null => {
    const [left, right] = [halves[2 * x]!, halves[2 * x + 1]!];
    const span = left !== null && STILL[left.look] === undefined ? left : (right ?? left);
    if (span === null) return null;
    const still = STILL[span.look];
    const style = styleOfSpan(span);
    if (still !== undefined) return [still, style];
    const isWhole = left !== null && right !== null && STILL[right.look] === undefined;
    return [isWhole ? RUN : left === span ? LEFT_HALF : RIGHT_HALF, style];
  });
  for (const span of lane.spans) {
    const x = Math.min(room - 1, Math.max(0, Math.ceil(half(span.to ?? at) / 2) - 1));
    const sign = ENDS[span.look];
    if (sign !== undefined) cells[x] = [sign, styleOfSpan(span)];
    const isTip = span.to === null && (span.look === "active" || span.look === "running");
    if (isTip) cells[x] = [TIP, styleOfSpan(span)];
  }
  return cells;
}

/** What is over is grey: its sign has the colour. */
function styleOfSpan({ look }: Span): Style {
  switch (look) {
    case "active":
    case "running":
      return "accent";
    case "failed":
      return "bad";
    case "cancelled":
    case "allowed-failure":
    case "paused":
      return "warn";
    default:
      return "muted";
  }
}
