/**
 * Makes one animated SVG of text from samples of a screen. An unchanged row is written once. The SVG has no script and
 * no font, so that it plays wherever images are shown.
 */
import { DARK_PAPER } from "./paper.js";
import type { Run } from "./screen.js";
import { CELL, escaped, MARGIN, SvgRows } from "./svg-rows.js";

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

const BAR = 30;

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
  const lines = new SvgRows(DARK_PAPER);
  const drawn = Array.from({ length: rows }, (_, y) =>
    stretches(samples, length, (sample) => lines.row(sample.rows[y] ?? [], y, BAR)),
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
    `<style>${lines.css()}.x .t{font-size:12px;text-anchor:middle;opacity:.7}</style>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${DARK_PAPER.background}"/>`,
    ...["#ff5f57", "#febc2e", "#28c840"].map(
      (fill, i) => `<circle cx="${18 + i * 18}" cy="16" r="5.5" fill="${fill}"/>`,
    ),
    '<g class="x">',
    ...shown,
    "</g>",
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
