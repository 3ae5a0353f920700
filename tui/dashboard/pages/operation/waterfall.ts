/**
 * The waterfall: the rows of a picture on one axis of time, each bar where and as long as it was.
 */
import type { StepState } from "../../../../protocol/stage-state.js";
import { formatDuration } from "../../../terminal/format.js";
import { stageGlyph } from "../../../terminal/glyphs.js";
import { stageStyle } from "../../core/state-style.js";
import { ROUND_SECONDS } from "../../core/time/chain-time.js";
import {
  type Lane,
  type Picture,
  pictureOf,
  type Span,
  type Strip,
} from "../../core/time/lanes.js";
import { fit, fitName, sanitizeLine, widthOf } from "../../text/cells.js";
import { Line, type Piece } from "../../text/line.js";
import type { Style } from "../../text/theme.js";
import { timeTexts } from "./times.js";
import type { DetailView } from "./view.js";

/** Columns of the duration behind the name, and before the bar. */
const TIME = 7;
const GAP = 2;
const NAME_MOST = 28;
/**
 * Columns of bars and texts together from which texts have a column of their own, and the columns
 * of that.
 */
const TEXTS_FROM = 46;
const TEXTS_LEAST = 34;
const TEXTS_MOST = 46;
const PERCENT = 4;
/** Columns of the chart from which there is one. */
const CHART_LEAST = 6;
/** Columns below which a text that is cut tells nothing. */
const TEXT_LEAST = 12;
/** Rows above which the axis stands although not all lanes have room. */
const AXIS_FROM = 5;

export const waterfall = (view: DetailView, room: number): Line[] =>
  pictureRows(pictureOf(view.state, view.operation, view.links), timeTexts(view), view.width, room);

/** @param head behind the bar of the first row: percent and times */
export function pictureRows(
  picture: Picture,
  head: readonly Piece[],
  width: number,
  height: number,
): Line[] {
  const [first, ...others] = picture.lanes;
  const lanes = [{ ...first!, texts: head }, ...others];
  const hasAxis = lanes.length > 1 && height > Math.min(lanes.length, AXIS_FROM);
  const room = height - (hasAxis ? 1 : 0);
  const chosen = lanes.length <= room ? lanes : chosenLanes(lanes, room - 1);
  const chart = chartOf(picture, chosen, width);
  const line = () => new Line(width);
  const rows = chosen.map((lane) => laneRow(line(), lane, chart));
  const missing = lanes.length - chosen.length;
  if (missing > 0 && room > 0) rows.push(line().add(`  ⋮ ${missing} more`, "muted"));
  return hasAxis && chart.room > 0 ? [axisRow(line(), picture, chart), ...rows] : rows;
}

/**
 * Where there is no room for all: what runs or failed, the outer ones first, then what is nearest
 * to it.
 */
function chosenLanes(lanes: readonly Lane[], room: number): Lane[] {
  const hot = lanes.flatMap(({ isHot }, i) => (isHot ? [i] : []));
  const ranked = lanes.map((lane, i) => {
    const near = Math.min(...hot.map((at) => Math.abs(at - i)));
    return [lane, lane.isHot ? lane.depth : lanes.length + near] as const;
  });
  const kept = ranked.toSorted(([, a], [, b]) => a - b).slice(0, Math.max(0, room));
  const chosen = new Set(kept.map(([lane]) => lane));
  return lanes.filter((lane) => chosen.has(lane));
}

interface Chart {
  readonly picture: Picture;
  /** Columns of sign and name. */
  readonly names: number;
  /** Columns of the bars; 0: there is no room for them. */
  readonly room: number;
  /** Columns of the texts behind the bars. */
  readonly texts: number;
  readonly allNames: readonly string[];
}

function chartOf(picture: Picture, lanes: readonly Lane[], width: number): Chart {
  const named = lanes.filter(({ strip }) => strip === undefined);
  const allNames = named.map(({ name }) => sanitizeLine(name));
  const longest = Math.max(
    5,
    ...named.map(({ depth }, i) => 2 * depth + 2 + widthOf(allNames[i]!)),
  );
  const names = Math.min(longest, NAME_MOST, Math.max(12, Math.floor(width * 0.3)));
  const free = width - names - TIME - GAP;
  const wide = Math.min(TEXTS_MOST, Math.max(TEXTS_LEAST, Math.floor(free * 0.4)));
  const texts = free < TEXTS_FROM ? PERCENT : wide;
  const room = free - texts - GAP;
  return { picture, names, room: room < CHART_LEAST ? 0 : room, texts, allNames };
}

function axisRow(line: Line, { start, end, usual }: Picture, { names, room }: Chart): Line {
  const took = (end - start) / 1000;
  const begin = names + TIME + GAP;
  const most = Math.max(2, Math.floor(room / 11));
  const step =
    ROUND_SECONDS.find((round) => took / round <= most) ?? Math.ceil(took / most / 86_400) * 86_400;
  const ticks = Array.from(
    { length: Math.floor(took / step) + 1 },
    (_, i): [seconds: number, text: string] => [i * step, `╵${formatDuration(i * step)}`],
  );
  const marks =
    usual === null || usual > took ? [] : [[usual, `┆usual ${formatDuration(usual)}`] as const];
  const placed: [x: number, text: string][] = [];
  for (const [seconds, text] of [...marks, ...ticks]) {
    const x = Math.min(Math.floor((seconds / took) * room), room - 1);
    const isFree = placed.every(([at, other]) => x + widthOf(text) < at || x > at + widthOf(other));
    if (isFree && begin + x + widthOf(text) <= line.width) placed.push([x, text]);
  }
  for (const [x, text] of placed.toSorted(([a], [b]) => a - b))
    line.fill(begin + x).add(text, "muted");
  return line;
}

function laneRow(line: Line, lane: Lane, chart: Chart): Line {
  const { names, room, texts, allNames } = chart;
  const at = () => line.width - line.left;
  if (lane.strip !== undefined)
    return stripRow(line.fill(2 * lane.depth), lane.strip, lane.texts[0]!);
  const name = sanitizeLine(lane.name);
  line.fill(2 * lane.depth).add(lane.sign[0], ...styleOf(lane.sign));
  line.add(" ").add(fitName(name, names - at(), allNames), lane.style);
  line.fill(names).add(lane.took.padStart(TIME), "muted");
  const begin = at() + GAP;
  const cells = cellsOf(lane.spans, chart);
  const last = cells.findLastIndex((cell) => cell !== null);
  const columns = columnsOf(lane.texts);
  // The times of the whole come before its bar, and a bar that has ended gives room to its text.
  const isHead = lane.depth === 0 && texts === PERCENT && columns > 0;
  const isOpen = lane.spans.some(({ to, look }) => to === null || look === "usual");
  const isLong = columns > texts && !isOpen;
  const behind = isHead || last === -1 ? begin : begin + (isLong ? last + 1 : room) + GAP;
  if (!isHead && last !== -1) addCells(line.fill(begin), cells);
  line.fill(behind);
  for (const [i, [text, ...styles]] of lane.texts.entries()) {
    const before = i > 0 && lane.depth > 0 ? "  " : "";
    const shown = fit(before + sanitizeLine(text), line.left);
    // A time that is cut tells nothing.
    const least = lane.depth === 0 && i > 0 ? widthOf(text) : Math.min(TEXT_LEAST, widthOf(text));
    if (widthOf(shown) < least) break;
    line.add(shown, ...styles);
  }
  return line;
}

const styleOf = ([, ...styles]: Piece): readonly Style[] => styles;
const columnsOf = (texts: readonly Piece[]): number =>
  texts.reduce((sum, [text]) => sum + widthOf(sanitizeLine(text)) + 2, -2);

const RUN = "━";
const TIP = "●";
/** Spans in which nothing works have a sign in each column. */
const STILL: Partial<Record<Span["look"], string>> = { waiting: "┄", paused: "‖", usual: "╌" };
/** How a span ended, where it did not end well: not told by colour alone. */
const ENDS: Partial<Record<Span["look"], string>> = {
  failed: "✗",
  cancelled: "⊘",
  "allowed-failure": "▲",
};
const STYLES: Record<Span["look"], Style> = {
  work: "muted",
  failed: "bad",
  cancelled: "warn",
  "allowed-failure": "warn",
  waiting: "warn",
  paused: "warn",
  usual: "muted",
};

type Cell = readonly [sign: string, style: Style];

/** What is over is grey: its sign has the colour. */
function cellsOf(spans: readonly Span[], { picture, room }: Chart): (Cell | null)[] {
  const { start, end, now } = picture;
  const column = (t: number) =>
    Math.max(0, Math.min(room, Math.round(((t - start) / (end - start)) * room)));
  const cells = Array<Cell | null>(room).fill(null);
  // What is to come never stands over what was.
  const ordered = spans.toSorted((a, b) => Number(b.look === "usual") - Number(a.look === "usual"));
  for (const { from, to, look } of ordered) {
    const style: Style = look === "work" && to === null ? "accent" : STYLES[look];
    const first = Math.min(room - 1, column(from));
    // A span is drawn however short it was.
    const behind = Math.max(first + 1, column(to ?? now));
    cells.fill([STILL[look] ?? RUN, style], first, behind);
    const sign = to === null && look === "work" ? TIP : ENDS[look];
    if (sign !== undefined) cells[behind - 1] = [sign, style];
  }
  return cells;
}

function addCells(line: Line, cells: readonly (Cell | null)[]): void {
  for (const cell of cells) line.add(cell?.[0] ?? " ", cell?.[1] ?? "plain");
}

/** From what a person looks for first. */
const CELLS: readonly (readonly [state: StepState | undefined, sign: string])[] = [
  ["failed", stageGlyph("failed")],
  ["allowed-failure", stageGlyph("allowed-failure")],
  ["cancelled", stageGlyph("cancelled")],
  ["ended", stageGlyph("ended")],
  ["active", stageGlyph("active")],
  [undefined, "·"],
  ["done", "■"],
];
/** Part of the row that the cells take at least. */
const STRIP_LEAST = 0.4;

/** A cell a step, or a cell for several of them with what is worst, and the counts. */
function stripRow(
  line: Line,
  { unlisted, listed, total }: Strip,
  [counts, ...styles]: Piece,
): Line {
  const room = Math.max(line.left - widthOf(counts) - GAP, Math.floor(line.left * STRIP_LEAST));
  const perCell = Math.ceil(total / room);
  const rankOf = (state: StepState | undefined) => {
    const at = CELLS.findIndex(([each]) => each === state);
    return at === -1 ? CELLS.length - 1 : at;
  };
  for (let from = 0; from < total; from += perCell) {
    const states = listed.slice(
      Math.max(0, from - unlisted),
      Math.max(0, from + perCell - unlisted),
    );
    const isWaiting = from + perCell > unlisted + listed.length;
    const ranks = [...states, ...(isWaiting ? [undefined] : ["done" as const])].map(rankOf);
    const [state, sign] = CELLS[Math.min(...ranks)]!;
    line.add(sign, state === "done" || state === undefined ? "muted" : stageStyle(state));
  }
  return line.add("  ").add(counts, ...styles);
}
