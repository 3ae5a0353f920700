/** Puts pictures of screens side by side on one SVG, under their captions. */
import type { Paper } from "./paper.js";
import type { Run } from "./screen.js";
import { CELL, escaped, MARGIN, number, SvgRows } from "./svg-rows.js";

export interface Picture {
  caption: string;
  columns: number;
  paper: Paper;
  rows: Run[][];
}

export interface Sheet {
  svg: string;
  width: number;
  height: number;
}

const CAPTION = 22;
const GAP = 16;

/** Pixels of a sheet: viewers make a larger picture smaller. */
const MOST = { width: 1400, height: 1400 };

interface Placed {
  picture: Picture;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Row by row, on as many sheets as it takes. */
export function sheetsOf(pictures: readonly Picture[]): Sheet[] {
  const sheets: Placed[][] = [];
  let placed: Placed[] = [];
  let [x, y, rowHeight] = [0, 0, 0];
  for (const picture of pictures) {
    const width = Math.ceil(picture.columns * CELL.width + 2 * MARGIN);
    const height = Math.ceil(picture.rows.length * CELL.height + MARGIN + CAPTION);
    if (x > 0 && x + width > MOST.width) {
      y += rowHeight + GAP;
      x = 0;
      rowHeight = 0;
    }
    if (placed.length > 0 && y + height > MOST.height) {
      sheets.push(placed);
      placed = [];
      [x, y, rowHeight] = [0, 0, 0];
    }
    placed.push({ picture, x, y, width, height });
    x += width + GAP;
    rowHeight = Math.max(rowHeight, height);
  }
  return [...sheets, placed].map(sheetOf);
}

function sheetOf(placed: readonly Placed[]): Sheet {
  const width = Math.max(...placed.map((one) => one.x + one.width));
  const height = Math.max(...placed.map((one) => one.y + one.height));
  const styles: string[] = [];
  const parts = placed.map((one, i) => drawn(one, i, styles));
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<style>${styles.join("")}.caption{font:13px sans-serif;fill:#888}</style>`,
    `<rect width="${width}" height="${height}" fill="#3a3f46"/>`,
    ...parts,
    "</svg>",
  ].join("\n");
  return { svg: `${svg}\n`, width, height };
}

function drawn({ picture, x, y, width, height }: Placed, index: number, styles: string[]): string {
  const { caption, paper, rows } = picture;
  const lines = new SvgRows(paper, `p${index}`);
  const content = rows.map((runs, row) => lines.row(runs, row, CAPTION)).join("\n");
  styles.push(lines.css());
  return [
    `<g transform="translate(${number(x)} ${number(y)})">`,
    `<rect width="${width}" height="${height}" fill="${paper.background}"/>`,
    `<text class="caption" x="${MARGIN}" y="15">${escaped(caption)}</text>`,
    `<g class="xp${index}">${content}</g></g>`,
  ].join("\n");
}
