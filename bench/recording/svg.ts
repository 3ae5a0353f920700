/**
 * Makes one animated SVG of text from samples of a screen. An unchanged row is written once. The SVG has no script and
 * no font, so that it plays wherever images are shown.
 */
import { columnsOf } from "../../tui/terminal/width.js";
import type { Run } from "./screen.js";

export interface Sample {
  /** Seconds since the start. */
  at: number;
  title: string;
  rows: Run[][];
}

export interface Recording {
  columns: number;
  rows: number;
  samples: Sample[];
  /** Seconds for which the last sample is shown. */
  rest: number;
  alt: string;
}

const CELL = { width: 8.4, height: 17 };
const MARGIN = 12;
const BAR = 30;
const FONT = 14;
const INK = "#c9d1d9";
const PAPER = "#0d1117";

interface Stretch {
  from: number;
  to: number;
  content: string;
}

export function svgOf(recording: Recording): string {
  const { columns, rows, samples, rest, alt } = recording;
  const length = samples.at(-1)!.at + rest;
  const width = Math.ceil(columns * CELL.width + 2 * MARGIN);
  const height = Math.ceil(rows * CELL.height + MARGIN + BAR);
  const classes = new Map<string, string>();
  const drawn = Array.from({ length: rows }, (_, y) =>
    stretches(samples, length, (sample) => rowText(sample.rows[y] ?? [], y, classes)),
  ).flat();
  const titles = stretches(samples, length, ({ title }) =>
    title === "" ? "" : `<text x="${width / 2}" y="20" class="t">${escaped(title)}</text>`,
  );
  const shown = [...drawn, ...titles]
    .filter(({ content }) => content !== "")
    .map((each) => timed(each, length));
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(alt)}</title>`,
    `<style>text{font:${FONT}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:${INK};white-space:pre}.t{font-size:12px;text-anchor:middle;opacity:.7}${[...classes].map(([style, name]) => `.${name}{${style}}`).join("")}</style>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${PAPER}"/>`,
    ...["#ff5f57", "#febc2e", "#28c840"].map(
      (fill, i) => `<circle cx="${18 + i * 18}" cy="16" r="5.5" fill="${fill}"/>`,
    ),
    ...shown,
    "</svg>",
  ].join("\n")}\n`;
}

/** The content of a position in the picture, as periods without a change. */
function stretches(
  samples: readonly Sample[],
  length: number,
  contentOf: (sample: Sample) => string,
): Stretch[] {
  const list: Stretch[] = [];
  for (const [i, sample] of samples.entries()) {
    const content = contentOf(sample);
    const to = samples[i + 1]?.at ?? length;
    const last = list.at(-1);
    if (last !== undefined && last.content === content) last.to = to;
    else list.push({ from: sample.at, to, content });
  }
  return list;
}

function timed({ from, to, content }: Stretch, length: number): string {
  const first = from <= 0;
  const last = to >= length;
  if (first && last) return content;
  const share = (at: number) => String(Math.round((at / length) * 1e5) / 1e5).replace(/^0\./, ".");
  const values = [...(first ? [] : ["hidden"]), "visible", ...(last ? [] : ["hidden"])].join(";");
  const times = ["0", ...(first ? [] : [share(from)]), ...(last ? [] : [share(to)])].join(";");
  const animation = `<animate attributeName="visibility" dur="${length.toFixed(1)}s" repeatCount="indefinite" calcMode="discrete" values="${values}" keyTimes="${times}"/>`;
  // Without animation the last frame is shown.
  return `<g visibility="${last ? "visible" : "hidden"}">${animation}${content}</g>`;
}

function rowText(runs: readonly Run[], y: number, classes: Map<string, string>): string {
  if (runs.length === 0) return "";
  const top = BAR + y * CELL.height;
  const x = (column: number) => number(MARGIN + column * CELL.width);
  const boxes = runs
    .filter(({ style }) => style.inverse)
    .map(
      (run) =>
        `<rect x="${x(run.x)}" y="${number(top)}" width="${number(run.columns * CELL.width)}" height="${CELL.height}" fill="${run.style.colour ?? INK}"/>`,
    );
  const spans = runs.flatMap((run) =>
    words(run).map(({ text, at, columns }) => {
      // Keeps the column positions with any font.
      const held = `x="${x(run.x + at)}" textLength="${number(columns * CELL.width)}"`;
      return `<tspan ${held}${classOf(run, classes)}>${escaped(text)}</tspan>`;
    }),
  );
  return `${boxes.join("")}<text y="${number(top + 13)}">${spans.join("")}</text>`;
}

/** Splits text at wide gaps, because some SVG viewers do not keep spaces. */
function words({ text }: Run): { text: string; at: number; columns: number }[] {
  return [...text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: found, index }) => ({
    text: found,
    at: columnsOf(text.slice(0, index)),
    columns: columnsOf(found),
  }));
}

function classOf({ style }: Run, classes: Map<string, string>): string {
  const { colour, bold, dim, inverse } = style;
  const css = [
    inverse ? `fill:${PAPER}` : colour === null ? "" : `fill:${colour}`,
    bold ? "font-weight:700" : "",
    dim ? "fill-opacity:.62" : "",
  ]
    .filter(Boolean)
    .join(";");
  if (css === "") return "";
  const name = classes.get(css) ?? String.fromCharCode(97 + classes.size);
  classes.set(css, name);
  return ` class="${name}"`;
}

const number = (value: number) => String(Math.round(value * 10) / 10);

function escaped(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (found) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[found]!,
  );
}
