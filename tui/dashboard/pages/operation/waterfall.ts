/** The timeline's lanes as rows: names, spans on one axis of time, durations, and where the replay stands. */
import { getOwn } from "../../../../protocol/objects.js";
import type { Operation } from "../../../../protocol/operation.js";
import { formatDuration } from "../../../terminal/format.js";
import { stageGlyph } from "../../../terminal/glyphs.js";
import { scrollTop } from "../../core/layout.js";
import { glyphOf, stageStyle, styleOf } from "../../core/state-style.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import { Line } from "../../text/line.js";
import type { Paint, Style } from "../../text/theme.js";
import { type Lane, type Span, secondsOf } from "../../core/lanes.js";

/** Columns of a duration at the right edge. */
const TIME = 8;
/** A span is shown however short it was. */
const RUN = "━";
const WAIT = "┄";
const PAUSE = "‖";
const KEPT = "·";
const AHEAD = "─";
const HERE = "┃";
/** How a span ended, where it did not end well: not told by colour alone. */
const ENDS: Partial<Record<Span["look"], string>> = {
  failed: "✗",
  cancelled: "⊘",
  "allowed-failure": "▲",
  skipped: "»",
};

/** In place of the duration of a stage whose block did not run. */
const UNRUN: Partial<Record<Span["look"], string>> = { kept: "reused", skipped: "skipped" };

export interface GanttView {
  readonly lanes: readonly Lane[];
  /** As they are at the replay's place. */
  readonly records: ReadonlyMap<string, Operation>;
  readonly titles: ReadonlyMap<string, string>;
  readonly current: string | null;
  /** Milliseconds from the timeline's start. */
  readonly at: number;
  readonly end: number;
  /** Whether the place is the end: then there is nothing to point at. */
  readonly live: boolean;
}

/** The axis, then the lanes that there is height for: those around what the replay is at. */
export function gantt(view: GanttView, width: number, height: number, paint: Paint): Line[] {
  const names = Math.max(13, Math.min(28, Math.floor(width * 0.28)));
  const room = width - names - TIME - 1;
  const line = () => new Line(width, paint);
  const lanes = laneChoice(view, height - 1);
  return [axis(line(), view, names, room), ...lanes.map((lane) => row(line(), view, lane, names, room))];
}

/** How many rows it would take whole. */
export function ganttHeight({ lanes }: Pick<GanttView, "lanes">): number {
  return lanes.length + 1;
}

/** Where there is not room for all: the operations, and the stages of the current one as far as they fit. */
function laneChoice({ lanes, records, current }: GanttView, height: number): readonly Lane[] {
  if (lanes.length <= height) return lanes;
  const fewer = lanes.filter(({ id, stage }) => stage === null || id === current);
  const operation = current === null ? undefined : records.get(current);
  const stage = operation?.untrackedStage ?? operation?.stages[operation.currentStage] ?? null;
  const at = fewer.findIndex((lane) => lane.id === current && lane.stage === stage);
  // One row before it is kept in sight.
  const top = scrollTop(0, Math.min(fewer.length - 1, at + 1), fewer.length, height);
  return fewer.slice(top, top + height);
}

function axis(line: Line, { end, at, live }: GanttView, names: number, room: number): Line {
  const step = niceStep(end / 1000, Math.max(1, Math.floor(room / 12)));
  let used = 0;
  for (let seconds = 0; seconds * 1000 <= end; seconds += step) {
    const x = Math.floor(((seconds * 1000) / Math.max(1, end)) * (room - 1));
    const text = `╵${formatDuration(seconds)}`;
    if (x < used || x + widthOf(text) > room) continue;
    line.fill(names + x).add(text, "muted");
    used = x + widthOf(text) + 1;
  }
  return line.fill(names + room).add(formatDuration((live ? end : at) / 1000).padStart(TIME), "bold");
}

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400];

/** Seconds between two ticks, so that there are about so many. */
function niceStep(seconds: number, count: number): number {
  return STEPS.find((step) => seconds / step <= count) ?? Math.ceil(seconds / count / 86400) * 86400;
}

function row(line: Line, view: GanttView, lane: Lane, names: number, room: number): Line {
  addName(line, view, lane, names);
  addSpans(line.fill(names), view, lane, room);
  const spans = lane.spans.filter(({ from }) => from <= view.at);
  const seconds = secondsOf({ ...lane, spans: spans.map((span) => cutAt(span, view.at)) }, view.at);
  const unrun = UNRUN[spans.at(-1)?.look ?? "waiting"];
  // Only the total of earlier pauses is known, not the stages in which they were.
  const { pause } = view.records.get(lane.id) ?? {};
  const paused = lane.stage === null && view.live ? (pause?.seconds ?? 0) : 0;
  const time = unrun ?? (seconds === null ? "" : formatDuration(Math.max(0, seconds - paused)));
  return line.add(time.padStart(TIME), "muted");
}

const cutAt = (span: Span, at: number): Span =>
  span.to !== null && span.to > at ? { ...span, to: at } : span;

function addName(line: Line, { records, titles }: GanttView, { id, stage }: Lane, names: number): void {
  const operation = records.get(id);
  if (stage === null) {
    const [glyph, style] =
      operation === undefined ? (["○", "muted"] as const) : [glyphOf(operation), styleOf(operation)];
    line.add(` ${glyph} `, style);
    line.add(fit(sanitizeLine(titles.get(id) ?? id), names - 4), operation === undefined ? "muted" : "bold");
    return;
  }
  const state = operation && getOwn(operation.stageStates, stage);
  const style = state === "active" ? "bold" : state === undefined ? "muted" : "plain";
  line.add(`   ${stageGlyph(state)} `, stageStyle(state)).add(fit(sanitizeLine(stage), names - 6), style);
}

/** Each column as what was going on in it; what lies ahead of the replay is thin. */
function addSpans(line: Line, { at, end, live }: GanttView, lane: Lane, room: number): void {
  const column = (t: number) =>
    Math.max(0, Math.min(room - 1, Math.floor((t / Math.max(1, end)) * (room - 1))));
  const cells = Array<string>(room).fill(" ");
  const styles = Array<Style>(room).fill("muted");
  for (const span of lane.spans) {
    const last = column(span.to ?? Math.max(end, span.from));
    for (let x = column(span.from); x <= last; x++) {
      // A span that ended where the next one begins leaves the column to that one.
      const ahead = !live && x > column(at);
      const still = span.look === "waiting" ? WAIT : span.look === "paused" ? PAUSE : null;
      cells[x] = still ?? (span.look === "kept" ? KEPT : ahead ? AHEAD : RUN);
      styles[x] = ahead || span.look === "waiting" ? "muted" : styleOfSpan(span);
    }
    const sign = ENDS[span.look];
    if (sign !== undefined && (live || column(at) > last)) cells[last] = sign;
  }
  if (!live) {
    const x = column(at);
    cells[x] = HERE;
    styles[x] = "bold";
  }
  for (let x = 0; x < room; ) {
    let next = x + 1;
    while (next < room && cells[next] === cells[x] && styles[next] === styles[x]) next++;
    line.draw(cells[x]!, next - x, styles[x]!);
    x = next;
  }
}

function styleOfSpan({ look }: Span): Style {
  switch (look) {
    case "active":
    case "running":
      return "accent";
    case "done":
    case "succeeded":
    case "kept":
      return "good";
    case "failed":
      return "bad";
    case "skipped":
      return "muted";
    default:
      return "warn";
  }
}
