/** The timeline of the page: an SVG with a row for each operation, each stage and each step. */
import type { Operation } from "../../../protocol/operation.js";
import type { Course, Span } from "../../describe/course.js";
import { formatDuration } from "../../terminal/format.js";
import { html, type Markup } from "./markup.js";

/** Units of the drawing. */
const [WIDTH, NAME, ROW, TOP] = [1000, 190, 22, 24];
const MOST_NAME = 26;
const MOST_ROWS = 400;

/** Class of the name, by depth. */
const KINDS = ["operation", "stage", "step"] as const;

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400];

interface Row {
  readonly name: string;
  /** 0: an operation, 1: a stage, 2: a step. */
  readonly depth: 0 | 1 | 2;
  readonly spans: readonly Span[];
}

export function timeline(runs: ReadonlyArray<readonly [Operation, Course]>): Markup | null {
  const all: Row[] = runs.flatMap(([record, { lanes }]) =>
    lanes
      .filter(({ stage, spans }) => stage === null || spans.length > 0)
      .map(({ stage, step, spans }) => ({
        name: step ?? stage ?? record.title,
        depth: stage === null ? 0 : step === undefined ? 1 : 2,
        spans,
      })),
  );
  const rows = all.slice(0, MOST_ROWS);
  const times = rows.flatMap(({ spans }) => spans.flatMap(({ from, to }) => [from, to ?? from]));
  if (times.length === 0) return null;
  const start = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
  const end = times.reduce((most, time) => Math.max(most, time), start + 1);
  const x = (time: number) => NAME + ((time - start) / (end - start)) * (WIDTH - NAME - 10);
  const height = TOP + rows.length * ROW + 4;
  const seconds = (end - start) / 1000;
  const step = STEPS.find((each) => seconds / each <= 8) ?? Math.ceil(seconds / 8 / 86400) * 86400;
  const ticks = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step);
  const left = runs.reduce((sum, [, course]) => sum + course.left, 0) + (all.length - rows.length);
  return html`<section class="timeline"><h2>Timeline</h2>
<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Spans of time of the operations, their stages and steps">
${ticks.map((tick) => {
  const at = x(start + tick * 1000).toFixed(1);
  return html`<line class="tick" x1="${at}" x2="${at}" y1="${TOP - 6}" y2="${height}"/><text class="axis" x="${at}" y="${TOP - 10}">${formatDuration(tick)}</text>`;
})}
${rows.map((row, index) => drawn(row, TOP + index * ROW, x, end))}
</svg>${left === 0 ? null : html`<p class="more">${left} more are not drawn.</p>`}</section>`;
}

function drawn({ name, depth, spans }: Row, y: number, x: (time: number) => number, end: number): Markup {
  const short = name.length > MOST_NAME ? `${name.slice(0, MOST_NAME - 1)}…` : name;
  return html`<text class="${KINDS[depth]}" x="${depth * 14}" y="${y + 14}">${short}</text>${spans.map(
    (span) => {
      const [from, to] = [x(span.from), x(span.to ?? end)];
      const word = {
        "allowed-failure": "allowed failure",
        "up-to-date": "up to date",
        kept: "done in an earlier attempt",
      }[span.look as string];
      const took = formatDuration(((span.to ?? end) - span.from) / 1000);
      return html`<rect class="${span.look}" x="${from.toFixed(1)}" y="${y + 4}" width="${Math.max(2, to - from).toFixed(1)}" height="${ROW - 9}" rx="2"><title>${name}: ${word ?? span.look}, ${took}</title></rect>`;
    },
  )}`;
}
