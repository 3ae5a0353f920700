/**
 * Draws what a terminal shows as SVG, one picture or many with their times. An unchanged row is
 * written once. The SVG has no script and no font, so that it plays wherever images are shown.
 */
import type { HeadlessTerminal } from "../../test/tui/dashboard/terminal.js";
import { columnsOf } from "../../tui/kit/output/width.js";

const CELL = { width: 8.4, height: 17 };
const MARGIN = 12;
const BAR = 30;
const FONT =
  '14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Noto Sans Mono CJK SC",monospace';
/** Colours of a terminal without any others. */
const INK = "#c9d1d9";
const PAPER = "#0d1117";
const SIXTEEN = [
  ...["#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4"],
  ...["#6e7681", "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#ffffff"],
];

export interface Frame {
  /** Seconds since the start. */
  at: number;
  title: string;
  /** Each row as SVG. */
  rows: string[];
}

export interface Recording {
  columns: number;
  rows: number;
  frames: Frame[];
  /** Seconds for which the last frame is shown. */
  rest: number;
  alt: string;
}

type Cell = NonNullable<ReturnType<NonNullable<ReturnType<HeadlessTerminal["line"]>>["getCell"]>>;

/** Text of one style. */
interface Run {
  x: number;
  columns: number;
  text: string;
  /** The attributes of the text, and the colour behind it; null: the paper. */
  style: { ink: string; behind: string | null };
}

/** @param edit - what stands for a text of the screen in the picture */
export function frameOf(screen: HeadlessTerminal, at = 0, edit = (text: string) => text): Frame {
  const rows = Array.from({ length: screen.size.rows }, (_, y) => {
    const upper = BAR + y * CELL.height;
    const runs = runsOf(screen, y).map((run) => ({ ...run, text: edit(run.text) }));
    const boxes = runs.map(({ x, columns, style }) =>
      style.behind === null
        ? ""
        : `<rect x="${left(x)}" y="${upper}" width="${number(columns * CELL.width)}" height="${CELL.height}" fill="${style.behind}"/>`,
    );
    const spans = runs.flatMap(({ x, text, style }) =>
      // Some viewers do not keep spaces. The length keeps the columns with any font.
      [...text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: words, index }) => {
        const at = left(x + columnsOf(text.slice(0, index)));
        const length = number(columnsOf(words) * CELL.width);
        return `<tspan x="${at}" textLength="${length}"${style.ink}>${escaped(words)}</tspan>`;
      }),
    );
    return spans.length === 0 && boxes.every((box) => box === "")
      ? ""
      : `${boxes.join("")}<text y="${upper + 13}">${spans.join("")}</text>`;
  });
  return { at, title: edit(screen.title), rows };
}

function runsOf(screen: HeadlessTerminal, y: number): Run[] {
  const line = screen.line(y);
  const runs: Run[] = [];
  let width = 1;
  for (let x = 0; x < screen.size.columns; x++) {
    const cell = line?.getCell(x);
    if (cell === undefined || cell.getWidth() === 0) continue;
    const style = styleOf(cell);
    const last = runs.at(-1);
    // A font may draw wide characters in another width: what follows begins anew at its column.
    const isNew =
      cell.getWidth() !== width ||
      last?.style.ink !== style.ink ||
      last.style.behind !== style.behind;
    width = cell.getWidth();
    if (isNew) runs.push({ x, columns: 0, text: "", style });
    const run = runs.at(-1)!;
    run.text += cell.getChars() || " ";
    run.columns += width;
  }
  return runs;
}

function styleOf(cell: Cell): Run["style"] {
  const ink = cell.isFgDefault() ? null : colour(cell.isFgRGB(), cell.getFgColor());
  const behind = cell.isBgDefault() ? null : colour(cell.isBgRGB(), cell.getBgColor());
  const isInverse = cell.isInverse() !== 0;
  const fill = isInverse ? (behind ?? PAPER) : ink;
  const attributes = [
    fill === null ? "" : ` fill="${fill}"`,
    cell.isBold() ? ' font-weight="700"' : "",
    cell.isDim() ? ' fill-opacity=".62"' : "",
  ];
  return { ink: attributes.join(""), behind: isInverse ? (ink ?? INK) : behind };
}

function colour(isRgb: boolean, value: number): string {
  if (isRgb) return `#${value.toString(16).padStart(6, "0")}`;
  if (value < 16) return SIXTEEN[value]!;
  const levels = [0, 95, 135, 175, 215, 255];
  const at = value - 16;
  const grey = 8 + (value - 232) * 10;
  const rgb =
    value >= 232
      ? [grey, grey, grey]
      : [Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map((n) => levels[n]!);
  return `#${rgb.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

export function svgOf({ columns, rows, frames, rest, alt }: Recording): string {
  const length = frames.at(-1)!.at + rest;
  const width = Math.ceil(columns * CELL.width + 2 * MARGIN);
  const height = Math.ceil(rows * CELL.height + MARGIN + BAR);
  const parts = [
    ...Array.from({ length: rows }, (_, y) =>
      periods(frames, length, (frame) => frame.rows[y] ?? ""),
    ),
    periods(frames, length, ({ title }) =>
      title === "" ? "" : `<text x="${width / 2}" y="20" class="t">${escaped(title)}</text>`,
    ),
  ];
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(alt)}</title>`,
    `<style>text{font:${FONT};fill:${INK};white-space:pre}.t{font-size:12px;text-anchor:middle;opacity:.7}</style>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${PAPER}"/>`,
    ...["#ff5f57", "#febc2e", "#28c840"].map(
      (fill, i) => `<circle cx="${18 + i * 18}" cy="16" r="5.5" fill="${fill}"/>`,
    ),
    ...parts.flat(),
    "</svg>",
  ].join("\n")}\n`;
}

/** A part of the picture, once for each period in which it does not change. */
function periods(
  frames: readonly Frame[],
  length: number,
  partOf: (frame: Frame) => string,
): string[] {
  const list: Array<{ from: number; to: number; part: string }> = [];
  for (const [i, frame] of frames.entries()) {
    const part = partOf(frame);
    const to = frames[i + 1]?.at ?? length;
    const last = list.at(-1);
    if (last?.part === part) last.to = to;
    else list.push({ from: frame.at, to, part });
  }
  return list
    .filter(({ part }) => part !== "")
    .map(({ from, to, part }) => timed(part, from, to, length));
}

function timed(part: string, from: number, to: number, length: number): string {
  const isFirst = from <= 0;
  const isLast = to >= length;
  if (isFirst && isLast) return part;
  const share = (at: number) => String(Math.round((at / length) * 1e5) / 1e5).replace(/^0\./, ".");
  const values = [...(isFirst ? [] : ["hidden"]), "visible", ...(isLast ? [] : ["hidden"])].join(
    ";",
  );
  const times = ["0", ...(isFirst ? [] : [share(from)]), ...(isLast ? [] : [share(to)])].join(";");
  const animation = `<animate attributeName="visibility" dur="${length.toFixed(1)}s" repeatCount="indefinite" calcMode="discrete" values="${values}" keyTimes="${times}"/>`;
  // Without animation the last frame is shown.
  return `<g visibility="${isLast ? "visible" : "hidden"}">${animation}${part}</g>`;
}

const left = (column: number) => number(MARGIN + column * CELL.width);

const number = (value: number) => String(Math.round(value * 10) / 10);

function escaped(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[character]!,
  );
}
